# leesook, with what it needs for more machines than one. The database is another container's, or your own.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

RUN useradd --create-home --uid 10001 leesook
WORKDIR /srv/leesook

# The dependencies by themselves, so that a change of the code does not install them anew. bokeh draws Dask's dashboard.
COPY pyproject.toml constraints.txt README.md LICENSE ./
RUN mkdir crawler pipelines \
    && touch crawler/__init__.py pipelines/__init__.py \
    && pip install --constraint constraints.txt --editable '.[cluster]' 'bokeh==3.9.2'

COPY scrapy.cfg ./
COPY crawler crawler
COPY pipelines pipelines

USER leesook
CMD ["scrapy", "crawl", "news"]
