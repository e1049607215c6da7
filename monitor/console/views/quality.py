"""How well complaints are found: the daily sample to judge, the numbers that come of it, and drift."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from monitor.analysis.models import SampledPost
from monitor.analysis.services import CorrectionError
from monitor.brands.models import Brand
from monitor.brands.rights import can
from monitor.brands.routes import needs
from monitor.cases.services import judge_sampled
from monitor.console.quality_page import shown_drift, shown_falls, shown_numbers, shown_sample
from monitor.console.views.case_acts import signed_in

VERDICTS = {"complaint": True, "none": False}


@require_safe
@needs("view")
def show_quality(request: HttpRequest, brand: Brand) -> HttpResponse:
    judged = _of_brand(brand, request.GET, "judged")
    return render(request, _template(request), _shown(request, brand, request.GET, judged))


@require_POST
@needs("answer")
def judge(request: HttpRequest, brand: Brand, sampled_id: int) -> HttpResponse:
    sampled = SampledPost.objects.filter(brand=brand, pk=sampled_id).first()
    verdict = VERDICTS.get(request.POST.get("verdict", ""))
    if sampled is None or verdict is None:
        raise Http404
    try:
        judged: SampledPost | None = judge_sampled(user=signed_in(request), sampled=sampled, is_complaint=verdict)
    except CorrectionError:
        judged = None
        messages.info(request, _("This post is gone, or was edited since: it needs no verdict."))
    if request.headers.get("HX-Request"):
        return render(request, _template(request), _shown(request, brand, request.POST, judged))
    address = reverse("quality", args=[brand.slug])
    kept = QueryDict(mutable=True)
    kept.update({"after": request.POST.get("after", ""), "judged": str(judged.pk) if judged else ""})
    return redirect(f"{address}?{kept.urlencode()}")


def _template(request: HttpRequest) -> str:
    return "console/parts/quality.html" if request.headers.get("HX-Request") else "console/quality.html"


def _shown(request: HttpRequest, brand: Brand, fields: QueryDict, judged: SampledPost | None) -> dict[str, Any]:
    may_judge = can(request.user, brand, "answer")
    sample = shown_sample(brand, after=_number(fields, "after"), chosen=_number(fields, "post") if may_judge else None)
    return {
        "brand": brand,
        "sample": sample,
        "judged": judged if may_judge else None,
        "falls": shown_falls(brand),
        **shown_drift(brand),
        **shown_numbers(brand),
    }


def _of_brand(brand: Brand, fields: QueryDict, name: str) -> SampledPost | None:
    number = _number(fields, name)
    judged = SampledPost.objects.filter(brand=brand, is_complaint__isnull=False)
    return judged.filter(pk=number).first() if number else None


def _number(fields: QueryDict, name: str) -> int | None:
    stated = fields.get(name, "")
    return int(stated) if stated.isdecimal() and len(stated) < 18 else None
