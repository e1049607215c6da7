"""Topics that the brand adds by example, and the versions of what its model has learned."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from monitor.analysis.models import BrandTopic, LearnedHeads
from monitor.analysis.selectors import running_renewal
from monitor.analysis.services import BrandTopicError, remove_topic, save_topic, try_topic, use_version
from monitor.brands.models import Brand
from monitor.brands.routes import needs
from monitor.console.labels import topic_name
from monitor.console.topic_page import TopicForm, own_topics_of, versions_shown
from monitor.console.views.case_acts import signed_in


@require_safe
@needs("view")
def show_topics(request: HttpRequest, brand: Brand) -> HttpResponse:
    return _page(request, brand, TopicForm())


@require_safe
@needs("view")
def show_progress(request: HttpRequest, brand: Brand) -> HttpResponse:
    """The line that says how far the reading of stored posts anew has come; the page asks for it again and again."""
    shown = {"brand": brand, "renewal": running_renewal(brand.pk), "was_running": True}
    return render(request, "console/parts/renewal.html", shown)


@require_POST
@needs("steer")
def add_topic(request: HttpRequest, brand: Brand) -> HttpResponse:
    return _save(request, brand, TopicForm.read(request.POST.dict()))


@require_http_methods(["GET", "HEAD", "POST"])
@needs("steer")
def edit_topic(request: HttpRequest, brand: Brand, topic_id: int) -> HttpResponse:
    """Its examples; the name stays, because posts, corrections and trends carry it."""
    topic = _find(brand, topic_id)
    if request.method != "POST":
        return _page(request, brand, TopicForm.of(topic))
    return _save(request, brand, TopicForm.read(request.POST.dict(), topic))


@require_POST
@needs("steer")
def try_text(request: HttpRequest, brand: Brand) -> HttpResponse:
    """Which topic a text would get with what was typed and is not saved: a part of the page, or all of it."""
    stated = request.POST.get("topic", "")
    topic = _find(brand, int(stated)) if stated.isdecimal() and len(stated) < 19 else None
    form = TopicForm.read(request.POST.dict(), topic)
    shown: dict[str, Any] = {}
    try:
        shown["tried"] = try_topic(
            user=signed_in(request), brand=brand, name=form.name, examples=form.lines, text=form.text
        )
    except BrandTopicError as error:
        shown["try_problem"] = str(error)
    status = 422 if "try_problem" in shown else 200
    if request.headers.get("HX-Request"):
        return render(request, "console/parts/tried.html", shown, status=status)
    return _page(request, brand, form, status, **shown)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("steer")
def remove(request: HttpRequest, brand: Brand, topic_id: int) -> HttpResponse:
    """Asks first: posts lose a topic that people have worked with."""
    topic = _find(brand, topic_id)
    if request.method != "POST":
        return render(request, "console/remove_topic.html", {"brand": brand, "topic": topic})
    remove_topic(user=signed_in(request), brand=brand, name=topic.name)
    messages.success(request, _("“%(name)s” is removed.") % {"name": topic_name(topic.name)})
    return redirect("settings_topics", brand.slug)


@require_POST
@needs("steer")
def choose_version(request: HttpRequest, brand: Brand) -> HttpResponse:
    """An earlier version, or the model as it was shipped (0)."""
    stated = request.POST.get("number", "")
    if not stated.isdecimal() or len(stated) > 9:
        return render(request, "console/errors/400.html", status=400)
    try:
        use_version(brand=brand, number=int(stated), user=signed_in(request))
    except LearnedHeads.DoesNotExist:
        messages.error(request, _("This version was learned on other weights than those that are installed."))
    else:
        messages.success(request, _("New posts are read so from now on; stored ones are read again."))
    return redirect("settings_topics", brand.slug)


def _find(brand: Brand, topic_id: int) -> BrandTopic:
    topic = BrandTopic.objects.filter(brand=brand, pk=topic_id).first()
    if topic is None:
        raise Http404
    return topic


def _save(request: HttpRequest, brand: Brand, form: TopicForm) -> HttpResponse:
    try:
        saved = save_topic(
            user=signed_in(request),
            brand=brand,
            name=form.name,
            examples=form.lines,
            may_replace=form.topic is not None,
        )
    except BrandTopicError as error:
        return _page(request, brand, form, 422, problem=str(error))
    messages.success(request, _("“%(name)s” counts for new posts from now on.") % {"name": topic_name(saved.name)})
    return redirect("settings_topics", brand.slug)


def _page(request: HttpRequest, brand: Brand, form: TopicForm, status: int = 200, **more: Any) -> HttpResponse:
    from monitor.nlp.engine import load_engine

    versions = versions_shown(brand, load_engine().version)
    shown = {
        "brand": brand,
        "form": form,
        "topics": own_topics_of(brand),
        "renewal": running_renewal(brand.pk),
        "versions": versions,
        "learned_in_use": any(version.is_active for version in versions),
        "learned_resting": any(version.is_resting for version in versions),
        **more,
    }
    return render(request, "console/topics.html", shown, status=status)
