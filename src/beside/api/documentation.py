"""The page /docs: the OpenAPI document for people, rendered here; no script, nothing from elsewhere."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

HERE = Path(__file__).parent
STYLE = HERE / "documentation.css"
ENVIRONMENT = Environment(
    loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
JSON = "application/json"
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Field:
    """One field of a body or type, or one parameter of an address."""

    name: str
    kind: str
    needed: bool
    text: str


@dataclass(frozen=True)
class Operation:
    """One method of one address."""

    method: str
    path: str
    text: str
    anchor: str
    fields: tuple[Field, ...]  # of the address and the query
    body: str  # name of the body's type; empty for none
    result: str
    status: str
    errors: tuple[tuple[str, str], ...]
    example: str


def page(document: dict[str, Any], server: str) -> str:
    """The HTML page of an OpenAPI document.

    Args:
        server: address that the examples name.
    """
    kinds = document.get("components", {}).get("schemas", {})
    groups: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                found = methods[method]
                groups.setdefault((found.get("tags") or ["other"])[0], []).append(operation(method, path, found, kinds, server))
    shown = {name: (kind.get("description", ""), fields_of(kind)) for name, kind in sorted(kinds.items()) if kind.get("properties")}
    return ENVIRONMENT.get_template("documentation.html").render(info=document["info"], groups=groups, kinds=shown)


def operation(method: str, path: str, found: dict[str, Any], kinds: dict[str, Any], server: str) -> Operation:
    """One method of one address, from its description."""
    asked = found.get("requestBody", {}).get("content", {}).get(JSON, {}).get("schema", {})
    status = min(status for status in found["responses"] if status < "300")
    contents = found["responses"][status].get("content", {})
    kind = contents[JSON].get("schema", {}) if JSON in contents else {}
    parameters = [
        Field(one["name"], kind_of(one["schema"]), one.get("required", False), one.get("description", f"in the {one['in']}"))
        for one in found.get("parameters", ())
    ]
    return Operation(
        method=method.upper(),
        path=path,
        text=found.get("description", ""),
        anchor=f"{method}{path}".replace("/", "-").replace("{", "").replace("}", ""),
        fields=tuple(parameters),
        body=kind_of(asked) if asked else "",
        result=kind_of(kind) if kind else next(iter(contents), ""),
        status=status,
        errors=tuple((code, told["description"]) for code, told in sorted(found["responses"].items()) if code >= "400"),
        example=example(method, server + path, kinds.get(kind_of(asked), {})),
    )


def fields_of(kind: dict[str, Any]) -> tuple[Field, ...]:
    """The fields of a type."""
    needed = kind.get("required", ())
    return tuple(Field(name, kind_of(inner), name in needed, described(inner)) for name, inner in kind["properties"].items())


def described(schema: dict[str, Any]) -> str:
    """What a field's description says, with its default."""
    parts = [schema.get("description", "")]
    if schema.get("default") not in (None, "", [], {}):
        parts.append(f"default {json.dumps(schema['default'], ensure_ascii=False)}")
    return "; ".join(part for part in parts if part)


def kind_of(schema: dict[str, Any]) -> str:
    """A schema in a few words: `list of Prediction`, `string or null`."""
    if "$ref" in schema:
        return str(schema["$ref"].rsplit("/", 1)[-1])
    if "anyOf" in schema:
        return " or ".join(kind_of(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(json.dumps(one) for one in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if schema.get("type") == "array":
        inner = schema.get("items") or {}
        return f"list of {kind_of(inner)}" if inner else "list"
    if isinstance(schema.get("additionalProperties"), dict) and schema["additionalProperties"]:
        return f"object of {kind_of(schema['additionalProperties'])}"
    return str(schema.get("type", "any"))


def example(method: str, address: str, kind: dict[str, Any]) -> str:
    """A command that can be copied; `kind` is the type of the body, {} for none."""
    if method == "get":
        return f"curl '{address}'"
    needed = kind.get("required") or list(kind.get("properties", {}))[:1]
    body = {name: sample(kind["properties"][name]) for name in needed}
    data = f" -d '{json.dumps(body, ensure_ascii=False)}'" if body else ""
    return f"curl -X {method.upper()} '{address}' -H 'Content-Type: application/json'{data}"


def sample(schema: dict[str, Any]) -> Any:
    """A value that fits: the field's own example, or a plain one."""
    if schema.get("examples"):
        return schema["examples"][0]
    kind = (schema.get("anyOf") or [schema])[0]
    return kind.get("enum", [{"boolean": True, "integer": 1}.get(kind.get("type", ""), "...")])[0]
