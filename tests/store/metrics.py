"""What Prometheus would make of a scrape."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families


class Scrape:
    """The samples of one scrape, to be asked for by name and labels."""

    def __init__(self, text: str | bytes) -> None:
        text = text if isinstance(text, str) else text.decode()
        self.families = {each.name: each for each in text_string_to_metric_families(text)}
        self._samples = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in self.families.values()
            for sample in family.samples
        }

    def __call__(self, name: str, **labels: str) -> float | None:
        """Return the value of a sample, None where there is none."""
        return self._samples.get((name, frozenset(labels.items())))

    def has(self, name: str, **labels: str) -> bool:
        """Tell whether there is a sample with these labels, whatever others it has."""
        return any(each == name and found >= set(labels.items()) for each, found in self._samples)
