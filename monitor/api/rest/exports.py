"""Files of trends, cases and posts. Written to a temporary file first: a failure is a problem, not half a file."""

import tempfile
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest
from ninja import Router

from monitor.api.tokens import caller, needs
from monitor.audit import services as audit
from monitor.trends.exports import export_to

router = Router(tags=["exports"])


@router.get("/{kind}", summary="A file; the columns are described in docs/exports.md")
@needs("export")
def get_export(
    request: HttpRequest,
    kind: str,
    format: str = "csv",
    since: datetime | None = None,
    until: datetime | None = None,
    with_people: bool = False,
) -> FileResponse:
    who = caller(request)
    if with_people and not who.may("steer"):
        raise PermissionDenied("steer")
    file = tempfile.TemporaryFile()  # noqa: SIM115  (FileResponse closes it)
    try:
        rows = export_to(file, kind, format=format, brand=who.brand, since=since, until=until, with_people=with_people)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    audit.record(
        act="export",
        brand_id=who.brand.pk,
        actor=who.user,
        subject=who.brand,
        params={"kind": kind, "format": format, "rows": rows, "with_people": with_people, "token": who.token.prefix},
    )
    return FileResponse(file, as_attachment=True, filename=f"{who.brand.slug}-{kind}.{format}")
