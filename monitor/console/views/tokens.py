"""Keys to the REST API, on the page of the people: made (the secret is shown this once) and revoked."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from monitor.brands.models import ApiToken, Brand
from monitor.brands.routes import needs
from monitor.brands.services import create_api_token, revoke_api_token
from monitor.console.views.case_acts import signed_in


@never_cache
@require_POST
@needs("manage")
def make_token(request: HttpRequest, brand: Brand) -> HttpResponse:
    name, role = " ".join(request.POST.get("name", "").split())[:80], request.POST.get("role", "")
    try:
        if not name:
            raise ValueError("a key needs a name")
        token, secret = create_api_token(brand=brand, name=name, role=role, user=signed_in(request))
    except (ValueError, PermissionError):
        messages.error(request, _("A key needs a name and a role that is not above your own."))
        return redirect("people", brand.slug)
    return render(request, "console/token_made.html", {"brand": brand, "token": token, "secret": secret})


@require_POST
@needs("manage")
def revoke_token(request: HttpRequest, brand: Brand, token_id: int) -> HttpResponse:
    token = ApiToken.objects.filter(brand=brand, pk=token_id).first()
    if token is None:
        raise Http404
    revoke_api_token(token=token, user=signed_in(request))
    messages.success(request, _("The key “%(name)s” opens nothing any more.") % {"name": token.name})
    return redirect("people", brand.slug)
