"""The matrix of articles and locales as a page that stands alone."""

from __future__ import annotations

import jinja2

from corpus.coverage import Coverage


def coverage_html(coverage: Coverage) -> str:
    """The page: one row an article, one column a locale."""
    loader = jinja2.PackageLoader("bot", "console")
    template = jinja2.Environment(loader=loader, autoescape=True).get_template("coverage.html")
    rows = [
        (article_id, coverage.titles[article_id], list(map(shares.get, coverage.locales)))
        for article_id, shares in sorted(coverage.shares.items())
    ]
    heads = [(locale, coverage.of_locale(locale)) for locale in coverage.locales]
    return template.render(heads=heads, rows=rows)
