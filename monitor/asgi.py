"""The ASGI application that uvicorn serves."""

import os
import warnings

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")

# WhiteNoise hands a file over as a plain iterator. The console's files are a few dozen kilobytes, and Django reads such
# an iterator in a thread: nothing is blocked, so the log need not say it (evansd/whitenoise#251).
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

application = get_asgi_application()
