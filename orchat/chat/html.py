"""A conversation as one HTML file that needs nothing else: no script, no font, no picture from anywhere."""

from __future__ import annotations

import base64
from collections.abc import MutableMapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from orchat.chat.export import moment
from orchat.domain.clean import clean, clean_line
from orchat.domain.conversation import Attachment, StoredMessage
from orchat.domain.money import format_usd
from orchat.domain.sessions import SavedSession

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererProtocol
    from markdown_it.token import Token
    from markdown_it.utils import OptionsDict

PICTURES = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"))
"""Kinds that a browser shows and that run nothing; SVG may."""

# Nothing may be loaded and nothing may run, whatever a model managed to write.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_STYLE = """
:root { color-scheme: light dark; --ground: #fbfaf7; --panel: #f3f1ec; --line: #dedad1; --text: #2a2f36;
  --dim: #5b626c; --accent: #1f7a5c; --you: #9a5b00; --error: #b42318; --code: #efece5; }
@media (prefers-color-scheme: dark) { :root { --ground: #0f1216; --panel: #14181e; --line: #232a33; --text: #d8dee6;
  --dim: #94a0ad; --accent: #7cc4a4; --you: #e6b673; --error: #e27878; --code: #171c23; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 50rem; padding: 2rem 1rem 4rem; background: var(--ground); color: var(--text);
  font: 16px/1.6 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
.facts, .file, figcaption { color: var(--dim); font-size: .85rem; }
article, section.system { margin-top: 1.5rem; padding-top: 1rem; border-top: 1px solid var(--line); }
article > header { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; }
.who { font-weight: 600; color: var(--accent); }
.user .who { color: var(--you); }
.said { white-space: pre-wrap; margin: .5rem 0; }
.problem { color: var(--error); }
pre { background: var(--code); border: 1px solid var(--line); border-radius: 6px; padding: .75rem 1rem;
  overflow-x: auto; overflow-wrap: normal; }
figure { margin: 1rem 0; }
figure pre { margin: 0; }
code { font: .9em/1.5 ui-monospace, monospace; }
:not(pre) > code { background: var(--code); border-radius: 4px; padding: .1em .3em; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid var(--line); padding: .3rem .6rem; }
blockquote { margin: 1rem 0; padding-left: 1rem; border-left: 3px solid var(--line); color: var(--dim); }
img { max-width: 100%; height: auto; border-radius: 6px; }
a { color: var(--accent); }
details { color: var(--dim); margin: .5rem 0; }
@media print { body { max-width: none; } article { break-inside: avoid-page; } }
"""


def to_html(saved: SavedSession, path: Sequence[StoredMessage]) -> str:
    """One path as an HTML document.

    Args:
        saved: The session with its files.
        path: Messages from the root to the leaf that is shown.

    Returns:
        A whole document. Everything that a person or a model wrote is escaped or rendered without raw HTML.
    """
    facts = saved.conversation
    title = _line(facts.title) or "Session"
    markdown = _renderer()
    parts = [_article(message, saved, markdown) for message in path]
    if facts.system:
        system = f'<p class="said">{_text(facts.system)}</p>'
        parts.insert(0, f'<section class="system"><p class="facts">System prompt</p>{system}</section>')
    others = len(saved.messages) - len(path)
    about = [_text(moment(facts.created_at)), f"session {_text(facts.id)}"]
    if others:
        about.append(f"{others} {'message' if others == 1 else 'messages'} on other branches")
    return "\n".join(
        (
            "<!DOCTYPE html>",
            '<html lang="und">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{title}</title>",
            f"<style>{_STYLE}</style>",
            "</head>",
            "<body>",
            f'<header><h1>{title}</h1><p class="facts">{" · ".join(about)}</p></header>',
            "<main>",
            *parts,
            "</main>",
            "</body>",
            "</html>",
            "",
        )
    )


def _article(message: StoredMessage, saved: SavedSession, markdown: MarkdownIt) -> str:
    own = message.role == "user"
    who = "You" if own else _line(message.model or message.role)
    body = f'<p class="said">{_text(message.text)}</p>' if own else markdown.render(clean(message.text))
    parts = [f'<header><span class="who">{who}</span><span class="facts">{_facts(message)}</span></header>']
    if message.reply.reasoning:
        thoughts = f'<p class="said">{_text(message.reply.reasoning)}</p>'
        parts.append(f"<details><summary>thoughts</summary>{thoughts}</details>")
    parts.append(body)
    parts += [_file(file, saved) for file in message.attachments]
    if message.reply.citations:
        links = "".join(f"<li>{_link(cited.url, cited.title)}</li>" for cited in message.reply.citations)
        parts.append(f'<ol class="facts">{links}</ol>')
    if message.error:
        parts.append(f'<p class="problem">{_line(message.state)}: {_line(message.error)}</p>')
    kind = "user" if own else "answer"
    return f'<article class="{kind}" id="m{message.id}">\n{"".join(parts)}\n</article>'


def _facts(message: StoredMessage) -> str:
    facts = [moment(message.created_at)] if message.created_at else []
    if message.cost.pico is not None:
        facts.append(("≈ " if message.cost.source == "estimated" else "") + format_usd(message.cost.pico))
    return _text(" · ".join(facts))


def _file(file: Attachment, saved: SavedSession) -> str:
    name, data = _line(file.name), saved.files.get(file.sha256)
    if data is None:
        return f'<p class="file">{name} (missing)</p>'
    if file.mime in PICTURES:
        encoded = base64.b64encode(data).decode("ascii")
        return f'<p><img src="data:{file.mime};base64,{encoded}" alt="{name}"></p>'
    return f'<p class="file">{name} ({_line(file.mime)}, {file.size:,} bytes)</p>'


def _link(url: str, title: str) -> str:
    label = _line(title or url)
    if not _leads_out(url):
        return label
    return f'<a href="{escape(clean_line(url, 2000))}" rel="noopener noreferrer nofollow">{label}</a>'


def _leads_out(url: str) -> bool:
    return url.lower().startswith(("http://", "https://"))


def _text(text: str) -> str:
    return escape(clean(text))


def _line(text: str) -> str:
    return escape(clean_line(text, 300))


def _renderer() -> MarkdownIt:
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    # Beside what runs code, this leaves out paths, which would lead somewhere else from every place of the file.
    markdown.validateLink = _leads_out  # type: ignore[method-assign]  # how markdown-it is told
    markdown.add_render_rule("image", _image)
    markdown.add_render_rule("fence", _fence)
    markdown.add_render_rule("link_open", _link_open)
    return markdown


# markdown-it calls these as methods of its renderer.


def _image(
    _self: RendererProtocol,
    tokens: Sequence[Token],
    index: int,
    _options: OptionsDict,
    _env: MutableMapping[str, Any],
) -> str:
    """A picture from elsewhere would tell its owner who reads this: it becomes a link."""
    return _link(str(tokens[index].attrs.get("src", "")), tokens[index].content or "picture")


def _link_open(
    self: RendererProtocol, tokens: Sequence[Token], index: int, options: OptionsDict, env: MutableMapping[str, Any]
) -> str:
    del env
    tokens[index].attrSet("rel", "noopener noreferrer nofollow")
    return str(self.renderToken(tokens, index, options, {}))  # type: ignore[attr-defined]  # the protocol leaves it out


def _fence(
    _self: RendererProtocol,
    tokens: Sequence[Token],
    index: int,
    _options: OptionsDict,
    _env: MutableMapping[str, Any],
) -> str:
    language = _line(tokens[index].info.split(maxsplit=1)[0]) if tokens[index].info.strip() else ""
    label = f"<figcaption>{language}</figcaption>" if language else ""
    return f"<figure>{label}<pre><code>{escape(tokens[index].content)}</code></pre></figure>\n"
