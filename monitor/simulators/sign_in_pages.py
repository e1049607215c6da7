"""The pages on which a person consents at a fake platform, and the way back with a code or a refusal."""

from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import urlencode

from starlette.responses import HTMLResponse, RedirectResponse, Response

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,"><style>
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; font: 16px/1.5 system-ui, sans-serif;
background: #eef0f3; color: #16181c; }}
main {{ background: #fff; border-radius: 14px; padding: 2rem; max-width: 26rem; box-shadow: 0 8px 30px #0002; }}
p.mark {{ margin: 0 0 1rem; color: #6a5200; background: #fff4d1; padding: .4rem .7rem; border-radius: 8px; }}
h1 {{ font-size: 1.25rem; }} ul {{ list-style: none; padding: 0; }} li {{ padding: .1rem 0; }}
select {{ font: inherit; padding: .4rem; width: 100%; }}
button {{ font: inherit; font-weight: 600; padding: .6rem 1.2rem; border-radius: 99px; border: 1px solid #cfd3d8;
background: #fff; cursor: pointer; }} button.yes {{ background: #16181c; color: #fff; }}
div {{ display: flex; gap: .6rem; margin-top: 1.4rem; }}
</style></head><body><main><p class="mark">Simulated {platform}: nothing leaves this machine.</p>
<h1>{title}</h1>{body}</main></body></html>"""


def consent_page(
    platform: str,
    app: str,
    params: Mapping[str, str],
    scopes: Sequence[str],
    *,
    people: Mapping[str, str] | None = None,
    may_choose: bool = False,
) -> Response:
    """`people`: whom one can sign in as, by id. With `may_choose` single permissions can be left out."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in params.items()
    )
    box = '<input type="checkbox" name="granted" value="{0}" checked> ' if may_choose else ""
    rows = "".join(f"<li><label>{box.format(escape(scope))}{escape(scope)}</label></li>" for scope in scopes)
    chosen = "".join(f'<option value="{escape(key)}">{escape(name)}</option>' for key, name in (people or {}).items())
    who = f'<p><label>Sign in as <select name="user">{chosen}</select></label></p>' if people else ""
    body = (
        f'<form method="post">{hidden}{who}<p>It asks for:</p><ul>{rows}</ul><div>'
        '<button class="yes" name="decision" value="allow">Allow</button>'
        '<button name="decision" value="deny">Cancel</button></div></form>'
    )
    title = f"{escape(app)} wants to use your {platform} profile"
    return HTMLResponse(_PAGE.format(title=title, platform=escape(platform), body=body))


def refusal_page(platform: str, why: str) -> Response:
    """Where the way back cannot be trusted nobody is sent there."""
    page = _PAGE.format(title="Something went wrong", platform=escape(platform), body=f"<p>{escape(why)}</p>")
    return HTMLResponse(page, 400)


def back(redirect_uri: str, params: Mapping[str, str]) -> Response:
    return RedirectResponse(f"{redirect_uri}?{urlencode(params)}", 303)
