"""All settings. Each is read from the environment (or ``.env``) and has a default."""

from __future__ import annotations

from reflow_site.settings.broker import *
from reflow_site.settings.database import *
from reflow_site.settings.keeping import *
from reflow_site.settings.limits import *
from reflow_site.settings.logs import *
from reflow_site.settings.place import *
from reflow_site.settings.rest import *
from reflow_site.settings.running import *
from reflow_site.settings.site import *
from reflow_site.settings.zeal import *
