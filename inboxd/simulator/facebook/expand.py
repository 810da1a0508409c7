"""Answers made of nodes: the fields that were asked for, nested edges, and pages of a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inboxd.simulator.facebook import fields as syntax
from inboxd.simulator.facebook import paging
from inboxd.simulator.facebook.errors import GraphError
from inboxd.simulator.facebook.nodes import Node
from inboxd.simulator.facebook.unserved import UNSERVED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inboxd.simulator.facebook.errors import Json
    from inboxd.simulator.facebook.fields import Field


def read(text: str | None) -> tuple[Field, ...] | None:
    """Return the fields of a `fields` parameter, None where it asks for the defaults."""
    if not text:
        return None
    try:
        return syntax.parse(text)
    except syntax.FieldsSyntaxError as error:
        raise GraphError(100, str(error)) from None


@dataclass(frozen=True, slots=True)
class Expander:
    """
    Renders nodes for one call.

    *base* is the URL that ids hang below, for the `next` of a list, which carries the
    *token*: a trap of the real API, for whoever logs or stores such a URL. *pages* tells how
    an edge's list is cut, where that is not the usual way.
    """

    base: str
    token: str
    pages: Mapping[str, paging.Pages]

    def node(self, node: Node, asked: tuple[Field, ...] | None) -> Json:
        """Return a node with the fields asked for, or with its defaults, and its id always."""
        if asked is None:
            asked = tuple(map(syntax.Field, node.defaults))
        answer: Json = {}
        values, edges = node.values(), node.edges()
        for field in asked:
            if field.name in values:
                value = self._inside(values[field.name](), field.fields)
            elif field.name in edges:
                value = self._nested(node, field)
            elif field.name in UNSERVED[node.kind]:
                continue
            else:
                raise _no_such_field(node, field)
            if value is not None:
                answer[field.modifiers.get("as", field.name)] = value
        if node.id:
            answer["id"] = node.id
        return answer

    def edge(
        self,
        node: Node,
        name: str,
        query: Mapping[str, str],
        asked: tuple[Field, ...] | None,
    ) -> Json:
        """Return one page of an edge, in its envelope."""
        listed = node.edges()[name](query)
        window = paging.cut(
            listed, lambda one: one.key, query, self.pages.get(name, paging.Pages())
        )
        data = [self.node(one, asked) for one in window.items]
        call = {**query, "access_token": self.token}
        if asked is not None:
            call["fields"] = syntax.render(asked)
        return paging.envelope(window, data, f"{self.base}/{node.id}/{name}", call)

    def _nested(self, node: Node, field: Field) -> Json | None:
        """Return an edge asked for as a field; an empty one is left out, unless it goes on."""
        answer = self.edge(node, field.name, field.modifiers, field.fields)
        return answer if answer["data"] or "paging" in answer else None

    def _inside(self, value: object, asked: tuple[Field, ...] | None) -> object:
        """Return a field's value with only those of its parts that were asked for."""
        if isinstance(value, Node):
            return self.node(value, asked)
        if not isinstance(value, dict) or asked is None:
            return value
        if "data" in value:
            return {**value, "data": [self._inside(one, asked) for one in value["data"]]}
        wanted = {field.name for field in asked} | {"id"}
        return {name: part for name, part in value.items() if name in wanted}


def _no_such_field(node: Node, field: Field) -> GraphError:
    return GraphError(
        100, f"Tried accessing nonexistent field ({field.name}) on node type ({node.kind})"
    )
