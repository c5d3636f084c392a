"""Operations on the grids of a draft. Nothing has changed; `places` say where."""

from __future__ import annotations

from scripts.errors.remedies.entry import Entry, entry

ENTRIES: dict[str, Entry] = {
    "unknown-operation": entry(
        "没有这种操作",
        "there is no such operation",
        "把 op 改成消息里列出的一种",
        "use one of the operations that the message lists",
    ),
    "missing-field": entry(
        "操作缺少一项",
        "the operation lacks a field",
        "补上消息里指出的一项",
        "add the field that the message names",
    ),
    "unknown-field": entry(
        "操作没有这一项",
        "the operation has no such field",
        "删去它，或改成消息里建议的名称",
        "leave it out, or use the name that the message suggests",
    ),
    "bad-value": entry(
        "一项的类型或取值不对",
        "a field has another type, or a value it cannot have",
        "按消息给出的取值填写",
        "give a value as the message says",
    ),
    "bad-geometry": entry(
        "图形的类型、位置数或闭合不对",
        "the geometry has another type, too few positions, or is not closed",
        "发送所要求的 GeoJSON 图形：先经度，后纬度；环首尾相同",
        "send the GeoJSON geometry that is expected: longitude first, rings closed",
    ),
    "not-finite": entry(
        "坐标是 NaN 或无穷", "a coordinate is NaN or infinite", "改正该坐标", "correct that coordinate"
    ),
    "self-crossing": entry(
        "所画的线或环自相交",
        "the drawn line or ring crosses itself",
        "重画，使它不与自己相交",
        "draw it again without crossing itself",
    ),
    "too-many-vertices": entry(
        "顶点过多",
        "there are more vertices than are taken",
        "简化图形，或分几次操作",
        "simplify the shape, or work in several steps",
    ),
    "unknown-grid": entry(
        "草案里没有这个网格",
        "the draft has no grid with this code",
        "核对编码；它可能已被合并或拆分",
        "check the code; it may have been merged or split",
    ),
    "unknown-community": entry(
        "没有这个社区",
        "there is no such community",
        "使用已有网格的社区编码",
        "use the community code of an existing grid",
    ),
    "community-needed": entry(
        "合并的网格属于几个社区",
        "the merged grids are of several communities",
        "用 community 指明归哪个社区",
        "name one with `community`",
    ),
    "code-used": entry(
        "编码正在使用或曾经使用",
        "the code is in use, or was once",
        "换一个从未用过的编码，或不写，由系统给出",
        "take a code never used, or leave it out and get one",
    ),
    "bad-code": entry(
        "编码不能保存", "the code cannot be stored", "按编码规则改写", "write it as the code scheme says"
    ),
    "reserved-code": entry(
        "该编码开头留给不划入网格的区域",
        "codes with this beginning are those of excluded land",
        "换一个编码",
        "take another code",
    ),
    "numbers-used-up": entry(
        "社区的网格序号已用完",
        "no grid number is free in the community",
        "自己指明编码，或把网格划归别的社区",
        "give a code yourself, or use another community",
    ),
    "duplicate-grid": entry(
        "同一网格写了两次", "a grid or code is named twice", "每个只写一次", "name each once"
    ),
    "too-few-grids": entry(
        "网格数不够",
        "there are too few grids",
        "合并至少要两个网格",
        "name at least as many as the message says",
    ),
    "code-count": entry(
        "编码个数与块数不符",
        "there are not as many codes as pieces",
        "按消息给出的个数写编码，或不写",
        "give as many codes as the message says, or none",
    ),
    "nothing-changes": entry(
        "操作不会改变任何东西",
        "the operation would change nothing",
        "核对所画或所填的内容",
        "check what was drawn or given",
    ),
    "split-misses": entry(
        "没有把网格切成两块",
        "the line or polygon does not cut the grid in two",
        "让线从网格边界外穿到边界外",
        "draw it from outside the grid through to outside",
    ),
    "line-dangles": entry(
        "线的端点落在网格内部",
        "an end of the line lies inside the grid",
        "把线延长到边界以外",
        "extend the line beyond the border",
    ),
    "touch-at-point": entry(
        "网格只在一点相接",
        "the grids meet at single points only",
        "选择有公共边界的网格",
        "choose grids with a common border",
    ),
    "not-neighbours": entry(
        "网格不相邻", "the grids have no common border", "选择相邻的网格", "choose grids beside each other"
    ),
    "reshape-misses": entry(
        "线没有沿边界切出土地",
        "the line cuts nothing off along a border",
        "线的两端应落在边界上或越过边界",
        "begin and end the line on the border or beyond it",
    ),
    "reshape-ambiguous": entry(
        "分不清改的是哪些网格的边界",
        "it cannot be told which grids are meant",
        "用 grids 指明网格",
        "name them with `grids`",
    ),
    "reshape-outside": entry(
        "外边界之外没有网格可交换土地",
        "outside the outer border there is nobody to exchange land with",
        "改为移动顶点",
        "move vertices instead",
    ),
    "transfer-misses": entry(
        "所画范围内没有可划转的土地",
        "the area holds no land to give",
        "把范围画到要划转的土地上",
        "draw the area over the land to give",
    ),
    "add-misses": entry(
        "范围内的土地都已有归属",
        "all land in the area has an owner",
        "改用划转（transfer）",
        "use `transfer` instead",
    ),
    "exclude-misses": entry(
        "范围内没有可声明的土地",
        "the area holds no land to declare as excluded",
        "把范围画到网格的土地上",
        "draw it over land of grids",
    ),
    "excluded-land": entry(
        "这是不划入网格的区域，不是网格",
        "this is excluded land and no grid",
        "用 add 把它变成网格，或用 remove 归还相邻网格",
        "make a grid of it with `add`, or give it back with `remove`",
    ),
    "swallows-grid": entry(
        "有网格会失去全部土地",
        "a grid would have no land left",
        "若是本意，请改用合并",
        "merge instead, if that is meant",
    ),
    "too-narrow": entry(
        "网格会处处窄于下限",
        "a grid would be narrower everywhere than grids may be",
        "画宽一些，或并入相邻网格",
        "draw it wider, or merge it",
    ),
    "no-neighbour": entry(
        "空出的土地没有相邻网格",
        "no grid borders the land that becomes free",
        "用 to 指明归哪个网格，或给空列表",
        "name one in `to`, or give an empty list",
    ),
    "vertex-not-found": entry(
        "该处没有边界顶点",
        "no border has a vertex there",
        "先放大，点在顶点上",
        "zoom in and point at a vertex",
    ),
    "vertex-exists": entry(
        "该处已有顶点", "there is a vertex already", "不必添加", "there is nothing to add"
    ),
    "not-on-border": entry(
        "该处没有边界", "no border runs there", "点在边界上（1 厘米以内）", "point at a border, within 1 cm"
    ),
    "vertex-is-junction": entry(
        "几条边界在此相交，顶点不能删除",
        "several borders meet there: the vertex cannot be deleted",
        "改为移动它",
        "move it instead",
    ),
    "ring-folds": entry(
        "边界会自相交、翻转或缩成一点",
        "a border would cross itself, fold over or shrink to nothing",
        "移动得少一些，或分步移动",
        "move it less, or in steps",
    ),
    "overlaps": entry(
        "网格会重叠",
        "grids overlap, or would",
        "改正边界，使土地只属于一个网格",
        "correct the borders so that land has one owner",
    ),
    "leaves-gap": entry(
        "会留下不属于任何网格的土地",
        "land between grids would belong to nobody",
        "分给网格，或用 exclude 写明理由",
        "give it to a grid, or declare it with `exclude` and a reason",
    ),
    "at-the-meridian": entry(
        "180 度经线两侧的边界只看得到一侧",
        "the border along the 180th meridian would change, whose other side is not seen",
        "用文件同时改两侧",
        "change both sides by a file",
    ),
}
