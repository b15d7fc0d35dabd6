"""What is said in the pictures of README and manual, and by which models."""

QUESTION = "What does this invoice come to, and is the VAT right?"
ANSWER = '''The net total is **70.84** and the invoice adds 19 % VAT, so it should come to **84.30**. It does.

| item | qty | net |
|:-----|----:|----:|
| Paper A4, 80 g | 12 | 38.40 |
| Toner, black | 1 | 27.90 |
| Delivery | 1 | 4.54 |

The same sum in Python:

```python
def total(lines: list[Line]) -> Decimal:
    """Sum of an invoice, VAT included."""
    net = sum(line.qty * line.price for line in lines)
    return (net * Decimal("1.19")).quantize(CENT)
```
'''
THOUGHT = "Three lines: 38.40, 27.90 and 4.54. They add up to 70.84; times 1.19 is 84.2996, so 84.30 is right. " * 3
MORE = "And page two?"
MORE_ANSWER = "Page 2 is a delivery note without prices: the same three items, with a quantity of **24** for the paper."

WEIGHED = "Which is the better default for a small web service, SQLite or PostgreSQL?"
OPINIONS = {
    "openai/gpt-5-mini": (
        """**SQLite**, until you know why not.

- one file, no server to run, backups are copies
- reads in microseconds, and in WAL mode readers never wait
- thousands of writes a second on one machine

Move when you need a second machine that writes, row-level security or `LISTEN`/`NOTIFY`.

```sql
PRAGMA journal_mode = WAL;
PRAGMA busy_timeout = 5000;
```
""",
        {"first_token_s": 0.3, "tokens_per_s": 110.0, "usage": {"cost": 0.00036}, "provider": "OpenAI"},
    ),
    "google/gemini-2.5-flash": (
        """It depends on **who writes**.

| | SQLite | PostgreSQL |
|:--|:--|:--|
| writers | one | many |
| servers | none | one |
| backup | copy a file | `pg_dump` |

For one process on one machine SQLite is simpler and faster. As soon as several hosts write, PostgreSQL saves you from \
building locks of your own.
""",
        {"first_token_s": 0.4, "tokens_per_s": 140.0, "usage": {"cost": 0.00029}, "provider": "Google"},
    ),
    "anthropic/claude-sonnet-4.5": (
        """Start with **PostgreSQL** if you already run one; otherwise SQLite.

1. The cost of SQLite is that a second writer waits.
2. The cost of PostgreSQL is that somebody has to look after it.

Most small services never meet the first cost, and all of them meet the second. Keep the SQL plain, and moving later \
takes an afternoon, not a rewrite of the service around a new data layer.
""",
        {"first_token_s": 0.6, "tokens_per_s": 30.0, "usage": {"cost": 0.00412}, "provider": "Anthropic"},
    ),
}


PICKED = (
    # Id, input and output in USD per token, context, what it takes, what it can.
    ("google/gemini-2.5-flash", "0.0000003", "0.0000025", 1_048_576, "text image file", "tools reasoning"),
    ("google/gemini-2.5-pro", "0.00000125", "0.00001", 1_048_576, "text image file", "tools reasoning"),
    ("google/gemma-3-27b-it:free", "0", "0", 131_072, "text image", ""),
    ("openai/gpt-5-mini", "0.00000025", "0.000002", 400_000, "text image file", "tools reasoning"),
    ("anthropic/claude-sonnet-4.5", "0.000003", "0.000015", 1_000_000, "text image file", "tools reasoning"),
    ("deepseek/deepseek-r1", "0.0000004", "0.00000175", 163_840, "text", "reasoning"),
    ("mistralai/mistral-small-3.2", "0.00000006", "0.00000018", 131_072, "text image", "tools"),
    ("qwen/qwen3-235b-a22b", "0.00000018", "0.00000054", 131_072, "text", "tools reasoning"),
    ("meta-llama/llama-4-maverick", "0.00000015", "0.0000006", 1_048_576, "text image", "tools"),
)
ABOUT = "Fast and thorough; good at long documents, at extraction and at code."
TALKS = (
    # Title that the first prompt becomes, answer, model, hours ago.
    ("A gift for dad, who likes trains", "A signal lamp, a day on the Harz narrow gauge, or a good **map**.", 0, 26),
    ("Explain the Tokio runtime to a Python programmer", "It is an event loop per *thread*, and tasks move.", 3, 49),
    ("Draft a polite reminder for invoice 2041", "Dear Ms Okafor, perhaps our invoice got lost …", 4, 75),
    ("Why does my cron job run twice?", "Look for a second crontab: `/etc/cron.d` counts, too.", 5, 98),
    ("Shorten this abstract to 120 words", "We measure how long people wait for answers …", 1, 170),
    ("Names for a sourdough starter", "Clint Yeastwood, Dough Biden, Bread Pitt.", 6, 290),
)


PAGES = tuple(
    f"""# Invoice {number}

| item | qty | net |
|:-----|----:|----:|
| {item} | {count} | {net} |
| Toner, black | 1 | 27.90 |
| Delivery | 1 | 4.54 |

Total, 19 % VAT included: **{total}**

Payable within 14 days. Thank you for your order.
"""
    for number, item, count, net, total in (
        ("2041", "Paper A4, 80 g", 12, "38.40", "84.30"),
        ("2042", "Envelopes C5", 4, "11.20", "51.93"),
        ("2043", "Paper A3, 120 g", 2, "19.80", "62.17"),
        ("2044", "Staples", 10, "7.90", "48.01"),
    )
)
"""What is read on each scan."""
