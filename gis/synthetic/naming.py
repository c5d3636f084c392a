"""Invented but readable Chinese names for communities, streets, streams and special grids.

No name is taken from a register. Where an invented name happens to exist somewhere, that is chance.
"""

from __future__ import annotations

import numpy as np

__all__ = ["community_names", "dedicated_name", "person_names", "road_names", "stream_names", "town_short"]

_FIRST = "永和福安祥瑞德仁文明华兴盛泰康宁顺吉庆嘉锦秀春晓清云海山松柏梅兰竹荷桂枫银金玉珠翠碧丹"
_SECOND = "平安康宁泰和顺达兴旺盛昌茂源泉河湖湾港浦岸桥堤林园苑庭景岚峰岭坡台岗原川谷溪洲滨"
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
_SHANDONG = ("家庄", "家村", "家疃", "家屯", "家沟", "家河", "家岭", "家埠", "家洼", "家官庄", "家庵", "家台")
_JIANGNAN = ("家浜", "家桥", "家港", "家埭", "家塘", "家汇", "家角", "家湾", "家兜", "家荡")
_VILLAGE_FRONT = ("东", "西", "南", "北", "前", "后", "大", "小", "上", "下")
_ROAD_END = ("路", "街")
_WATER = {"shandong": ("河", "河", "沟", "溪"), "jiangnan": ("港", "浜", "塘", "泾")}
_DEDICATED = {
    "park": ("生态公园", "湿地公园", "森林公园", "体育公园", "滨河公园"),
    "harbour": ("港作业区", "渔港码头", "物流港区", "客运码头"),
    "campus": ("大学城校区", "职业学院校区", "中学校区", "科教园区"),
    "market": ("商贸市场", "农产品批发市场", "商业综合体", "产业园区"),
}
_GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建国志文斌海燕晓东雪梅佳慧子涵宇轩浩然雨欣思远"
)


def town_short(name: str) -> str:
    """Drop the administrative ending of a town's name.

    Examples
    --------
    >>> town_short("长江路街道"), town_short("泊里镇")
    ('长江路', '泊里')
    """
    for ending in ("省级自然保护区", "经济开发区", "街道", "镇"):
        if name.endswith(ending) and len(name) > len(ending):
            return name[: -len(ending)]
    return name


def _pairs(rng: np.random.Generator) -> list[str]:
    """All two-character words, shuffled."""
    words = [a + b for a in _FIRST for b in _SECOND if a != b]
    return [words[at] for at in rng.permutation(len(words))]


def community_names(rng: np.random.Generator, urban: list[bool], naming: str) -> list[str]:
    """Name communities: two-character words in town, family names in the country; none twice.

    Parameters
    ----------
    rng : numpy.random.Generator
    urban : list of bool
    naming : str
        "shandong" or "jiangnan".

    Examples
    --------
    >>> names = community_names(np.random.default_rng(1), [True, False, False], "shandong")
    >>> len(set(names)), names[0][-2:], names[1][-1]
    (3, '社区', '村')
    """
    words = iter(_pairs(rng))
    ends = _JIANGNAN if naming == "jiangnan" else _SHANDONG
    plain = [s + e for s in dict.fromkeys(_SURNAMES) for e in ends]
    fronted = [f + s + e for f in _VILLAGE_FRONT for s in dict.fromkeys(_SURNAMES) for e in ends[:4]]
    villages = [plain[at] for at in rng.permutation(len(plain))]
    villages += [fronted[at] for at in rng.permutation(len(fronted))]
    village = iter(villages)
    return [next(words) + "社区" if is_urban else _village(next(village)) for is_urban in urban]


def _village(name: str) -> str:
    return name if name.endswith("村") else name + "村"


def road_names(rng: np.random.Generator, count: int, family: np.ndarray) -> list[str]:
    """Name streets: 路 for one family, 街 for the streets square to it."""
    words = _pairs(rng)
    return [
        words[at % len(words)] + ("" if at < len(words) else "支") + _ROAD_END[int(family[at]) % 2]
        for at in range(count)
    ]


def stream_names(rng: np.random.Generator, count: int, naming: str) -> list[str]:
    """Name streams."""
    words = _pairs(rng)
    ends = _WATER[naming]
    return [words[at % len(words)] + ends[at % len(ends)] for at in range(count)]


def dedicated_name(rng: np.random.Generator, purpose: str, community: str) -> str:
    """Name a dedicated grid after what it holds and where it is."""
    base = community.removesuffix("社区").removesuffix("村")
    kinds = _DEDICATED[purpose]
    return f"{base}{kinds[int(rng.integers(len(kinds)))]}专属网格"


def person_names(rng: np.random.Generator, count: int) -> np.ndarray:
    """Invent personal names; nobody is meant.

    Examples
    --------
    >>> person_names(np.random.default_rng(1), 2).shape
    (2,)
    """
    family = np.array(list(dict.fromkeys(_SURNAMES)))[rng.integers(0, len(dict.fromkeys(_SURNAMES)), count)]
    given = np.array(list(dict.fromkeys(_GIVEN)))
    first = given[rng.integers(0, len(given), count)]
    second = np.where(rng.random(count) < 0.8, given[rng.integers(0, len(given), count)], "")
    return np.char.add(np.char.add(family, first), second)
