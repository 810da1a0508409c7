"""The Graph API of Facebook, as far as a Page's inbox needs it, as a local server."""

from inboxd.simulator.facebook.access import Grant, Usage
from inboxd.simulator.facebook.facade import NODE, NOT_AN_API_ERROR, PAGE_TOKEN, app
from inboxd.simulator.facebook.paging import Pages

__all__ = ["NODE", "NOT_AN_API_ERROR", "PAGE_TOKEN", "Grant", "Pages", "Usage", "app"]
