"""What pydantic says of a field, in Chinese; its own English where it says something rare."""

from __future__ import annotations

from collections.abc import Mapping

_SAID = {
    "missing": "缺少这一项",
    "float_parsing": "应为数字",
    "float_type": "应为数字",
    "finite_number": "应为有限的数字",
    "int_parsing": "应为整数",
    "int_type": "应为整数",
    "int_from_float": "应为整数",
    "bool_parsing": "应为 true 或 false",
    "string_type": "应为文字",
    "string_too_long": "最多 {max_length} 个字符",
    "string_too_short": "至少 {min_length} 个字符",
    "string_pattern_mismatch": "格式应符合 {pattern}",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "应不小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "应不大于 {le}",
    "literal_error": "应为 {expected} 之一",
    "enum": "应为 {expected} 之一",
    "extra_forbidden": "没有这一项",
    "json_invalid": "不是有效的 JSON",
    "datetime_parsing": "应为时间，如 2026-11-21T14:05:00+08:00",
    "datetime_from_date_parsing": "应为时间，如 2026-11-21T14:05:00+08:00",
    "timezone_aware": "时间应带时区",
    "instant_out_of_bounds": "应为 {first} 与 {last} 之间的时间",
    "date_parsing": "应为日期，如 2026-11-21",
    "list_type": "应为列表",
    "tuple_type": "应为一对数",
    "too_short": "至少 {min_length} 项",
    "too_long": "最多 {max_length} 项",
    "dict_type": "应为对象",
    "model_type": "应为对象",
    "model_attributes_type": "应为对象",
    "value_error": "{error}",
}


def in_chinese(kind: str, context: Mapping[str, object], english: str) -> str:
    """The expectation of a field in Chinese.

    >>> in_chinese("greater_than_equal", {"ge": 1}, "Input should be greater than or equal to 1")
    '应不小于 1'
    """
    said = _SAID.get(kind)
    try:
        return said.format(**context) if said else english
    except KeyError:
        return english
