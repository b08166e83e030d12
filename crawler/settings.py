"""Settings of a crawl: Scrapy's own where ours differ from its defaults, then ours. The README's table explains each.

A value from the environment variable of the same name stands where one is named in `_FROM_ENVIRONMENT`; `-s NAME=VALUE`
on the command line comes before both.
"""

import os

BOT_NAME = "leesook"
SPIDER_MODULES = ["crawler.spiders"]
COMMANDS_MODULE = "crawler.commands"

# --- where documents go -------------------------------------------------------------------------------------------
MONGODB_URI: str | None = None
MONGODB_DATABASE = "news"
MONGODB_DATA_DIR = "./data/mongodb"
MONGODB_WAIT = 60.0
TEXT_INDEX = True

# --- what is fetched ----------------------------------------------------------------------------------------------
READ_ALSO_DEPTH = 1
READ_ALSO_BUDGET = 1000
READ_ALSO_ANYWHERE = False
REVISITS = "3600,21600,86400,604800"
REVISITS_PER_RUN = 2000
SITEMAP_DAYS = 3.0
SITEMAP_UNDATED = 1000
SECTION_PAGES = 5
SECTION_STALE = 1
LISTING_PERIOD_MIN = 300.0
LISTING_PERIOD_MAX = 86_400.0

# --- archives on the web ------------------------------------------------------------------------------------------
CCNEWS_BASE = "https://data.commoncrawl.org/"
CCNEWS_DELAY = 1.0
WAYBACK_BASE = "https://web.archive.org/"
WAYBACK_DELAY = 4.0
REMOTE_PIECE_MB = 8.0

# --- many machines ------------------------------------------------------------------------------------------------
FRONTIER_REDIS_URL: str | None = None
FRONTIER_LEASE = 15.0
FRONTIER_REDIS_WAIT = 60.0

# --- reading pages ------------------------------------------------------------------------------------------------
EXTRACTION_WORKERS = 0
EXTRACTION_TIMEOUT = 30.0
EXTRACTION_MEMORY_MB = 2048

# --- many processes on many machines -------------------------------------------------------------------------------
DASK_SCHEDULER: str | None = None
PART_OF_RUN: str | None = None

# --- good citizenship ---------------------------------------------------------------------------------------------
CONTACT: str | None = None
ROBOTSTXT_OBEY = True
DOWNLOAD_DELAY = 1.0
DOWNLOAD_DELAY_JITTER = 0.0
CRAWL_DELAY_MAX = 60.0
RETRY_AFTER_MAX = 120.0
HOST_FAILURES = 5
POLICY_LIFETIME = 86_400.0
TDM_OBEY = True
TDM_LICENSED: str | None = None
NOARCHIVE_OBEY = False
LOCAL_HOSTS: str | None = None
# Requests that wait for their host's turn count as well: a few slow hosts must not keep the others waiting.
CONCURRENT_REQUESTS = 100
CONCURRENT_REQUESTS_PER_DOMAIN = 2
RETRY_TIMES = 2
# Not 429 and 503: those hosts say when they want to be asked again, which politeness.retry_after obeys.
RETRY_HTTP_CODES = [500, 502, 504, 522, 524, 408]
RETRY_GIVE_UP_LOG_LEVEL = "INFO"
DOWNLOAD_TIMEOUT = 60.0
DOWNLOAD_MAXSIZE = 32 * 1024 * 1024
DOWNLOAD_WARNSIZE = 0
REDIRECT_MAX_TIMES = 10
COOKIES_ENABLED = False
HTTPERROR_ALLOW_ALL = True  # the spiders settle every answer in the ledger

# --- what is kept of the pages ------------------------------------------------------------------------------------
ARCHIVE_DIR: str | None = None
ARCHIVE_FILE_MB = 1000.0

# --- who is told how it goes ---------------------------------------------------------------------------------------
HEALTH_COMMAND: str | None = None
HEALTH_WEBHOOK_URL: str | None = None
METRICS_FILE: str | None = None

# --- how Scrapy is put together -----------------------------------------------------------------------------------
SCHEDULER_MEMORY_QUEUE = "scrapy.squeues.FifoMemoryQueue"  # of one priority, the newest comes first as it is given
CONCURRENT_ITEMS = 4  # the default of 100 starts 100 tasks per response: 2 ms a page
SCRAPER_SLOT_MAX_ACTIVE_SIZE = 20_000_000
DOWNLOADER_MIDDLEWARES = {
    "crawler.politeness.scope.ScopeMiddleware": 70,
    "crawler.politeness.perimeter.PerimeterMiddleware": 80,
    "crawler.politeness.contact.ContactMiddleware": 85,
    "crawler.politeness.pace.PaceMiddleware": 90,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "crawler.politeness.robots.RobotsMiddleware": 100,
    "crawler.politeness.tdm.ReservationMiddleware": 110,
    "crawler.politeness.retry_after.RetryAfterMiddleware": 560,
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
    "crawler.politeness.meta_refresh.QuickMetaRefreshMiddleware": 580,
    # Below HttpCompression, Redirect and DownloaderStats: every answer, as it came.
    "crawler.archive.middleware.ArchiveMiddleware": 890,
    "crawler.remote.middleware.PieceMiddleware": 895,
}
DOWNLOAD_HANDLERS: dict[str, str | None] = {
    "http": "crawler.politeness.handler.PoliteDownloadHandler",
    "https": "crawler.politeness.handler.PoliteDownloadHandler",
    "file": None,
    "ftp": None,
    "s3": None,
}
TWISTED_DNS_RESOLVER = "crawler.politeness.perimeter.CheckedResolver"
EXTENSIONS = {
    "crawler.frontier.session.CrawlSession": 0,
    "crawler.frontier.cluster.node.Node": 5,
    "crawler.politeness.perimeter.Perimeter": 10,
    "crawler.politeness.turns.Turns": 20,
    "crawler.extensions.log_errors.LogErrors": 50,
    "crawler.extensions.watch.RunWatch": 100,
    "crawler.extensions.health.HealthWatch": 400,
    "crawler.extensions.progress.Progress": 500,
}
# Scrapy's own but for its counts of pages, its console and its remote control: switched off in EXTENSIONS they would be
# loaded all the same, the last with a web server.
EXTENSIONS_BASE = {
    "scrapy.extensions.corestats.CoreStats": 0,
    "scrapy.extensions.logcount.LogCount": 0,
    "scrapy.extensions.memusage.MemoryUsage": 0,
    "scrapy.extensions.memdebug.MemoryDebugger": 0,
    "scrapy.extensions.closespider.CloseSpider": 0,
    "scrapy.extensions.feedexport.FeedExporter": 0,
    "scrapy.extensions.spiderstate.SpiderState": 0,
    "scrapy.extensions.throttle.AutoThrottle": 0,
}
ITEM_PIPELINES = {
    "pipelines.validate.ValidatePipeline": 100,
    "pipelines.language.LanguagePipeline": 200,
    "pipelines.dedupe.DedupePipeline": 300,
    "pipelines.store.StorePipeline": 400,
}
LOG_FORMATTER = "crawler.extensions.log_lines.LogLines"
LOG_LEVEL = "INFO"
LOG_FORMAT = "%(asctime)s %(levelname)s %(message)s"
STATS_DUMP = False

_FROM_ENVIRONMENT = (
    "MONGODB_URI",
    "MONGODB_DATABASE",
    "MONGODB_DATA_DIR",
    "FRONTIER_REDIS_URL",
    "CONTACT",
    "HEALTH_COMMAND",
    "HEALTH_WEBHOOK_URL",
    "METRICS_FILE",
    "ARCHIVE_DIR",
)
for _name in _FROM_ENVIRONMENT:
    if os.environ.get(_name):
        globals()[_name] = os.environ[_name]

USER_AGENT = f"leesook/0.1 (news crawler{'; +' + CONTACT if CONTACT else ''})"
ROBOTSTXT_USER_AGENT = "leesook"
