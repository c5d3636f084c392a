"""Boundaries: coverage, codes, editions, drafts."""

from __future__ import annotations

from scripts.errors.remedies.entry import Entry, entry

ENTRIES: dict[str, Entry] = {
    "no-owner": entry(
        "该处不属于任何网格",
        "no grid owns this place",
        "核对坐标的顺序和坐标系",
        "check the order of the coordinates and the CRS",
    ),
    "not-clean": entry(
        "网格之间有重叠、空隙或其他错误",
        "the grids overlap, leave gaps or have other errors",
        "按列出的位置改正，或用 --clean 修补",
        "correct them at the listed places, or mend with `--clean`",
    ),
    "mismatched-edge": entry(
        "相邻网格的公共边界节点不一致",
        "neighbours do not share the vertices of their border",
        "用 --clean 0.01 补齐节点",
        "complete them with `--clean 0.01`",
    ),
    "missing-code": entry("网格没有编码", "a grid has no code", "给每个网格写编码", "give every grid a code"),
    "duplicate-code": entry(
        "编码重复",
        "a code occurs twice",
        "改正编码，或用 --dissolve 合成一个网格",
        "correct it, or make one grid of the parts with `--dissolve`",
    ),
    "hierarchy-broken": entry(
        "网格、社区、镇街的层级有错",
        "grids, communities and streets do not form a hierarchy",
        "补上或改正所属编码",
        "add or correct the codes they belong to",
    ),
    "invalid-geometry": entry(
        "图形无效",
        "a shape is not valid",
        "在 GIS 中修复，或用 --make-valid",
        "mend it in a GIS, or use `--make-valid`",
    ),
    "geometry-missing": entry("没有图形", "there is no shape", "补上图形", "give it a shape"),
    "not-a-polygon": entry("网格应为多边形", "a grid is a polygon", "核对图层", "check the layer"),
    "mixed-geometry": entry(
        "点、线、面混在一个图形里",
        "points, lines and areas are mixed in one shape",
        "分开成几个图形",
        "take them apart",
    ),
    "collapsed": entry(
        "图形小于坐标网（1e-7 度）",
        "the shape vanishes on the lattice of 1e-7 degree",
        "删去该图形",
        "leave it out",
    ),
    "off-lattice": entry(
        "坐标不在 1e-7 度的格网上",
        "coordinates are off the lattice of 1e-7 degree",
        "先取整（gis.geometry.snap）",
        "snap them first (`gis.geometry.snap`)",
    ),
    "edge-too-long": entry(
        "一条边长于 214 度", "an edge is longer than 214 degrees", "核对坐标", "check the coordinates"
    ),
    "too-wide": entry(
        "范围过大，一个投影放不下",
        "the polygons reach too far for one projection",
        "分区检查",
        "check district by district",
    ),
    "bad-width": entry(
        "修补宽度应为正数",
        "the width to mend is not a positive number",
        "给出米数，如 0.5",
        "give metres, such as 0.5",
    ),
    "length-mismatch": entry(
        "编码与图形的个数不同",
        "there are not as many codes as shapes",
        "给出同样多的编码和图形",
        "give as many of each",
    ),
    "index-refused": entry(
        "索引文件损坏、外来或格式不同",
        "a saved index is damaged, foreign or of another format",
        "删去它，会重新建立",
        "delete it; it is built again",
    ),
    "unknown-scheme": entry(
        "没有这种编码规则",
        "there is no such code scheme",
        "使用消息里列出的规则",
        "use one that the message lists",
    ),
    "scheme-without-parts": entry(
        "该编码规则不能由各部分组成",
        "the code scheme has no parts to build from",
        "直接给出编码",
        "give whole codes",
    ),
    "code-part-width": entry(
        "编码的一部分位数不对",
        "a part of the code has another width",
        "按消息给出的位数写",
        "write it with the digits that the message names",
    ),
    "code-malformed": entry(
        "编码不合规则", "the code is not as its scheme says", "按规则改写", "write it as the scheme says"
    ),
    "component-code-malformed": entry(
        "部件编码不合规则",
        "the component code is not as the standard says",
        "应为区划码、大类、小类和序号",
        "it takes the district, the class and a number",
    ),
    "label-too-long": entry(
        "编码过长，不能成为层级标签", "the code is too long for the hierarchy", "缩短编码", "shorten it"
    ),
    "not-a-label": entry(
        "不是层级标签",
        "it is no label of the hierarchy",
        "使用本系统给出的标签",
        "use a label made by this program",
    ),
    "grid-not-in-edition": entry(
        "所依据的一版没有这个网格",
        "the edition that the change stands on has no such grid",
        "核对编码，以最新一版为准",
        "check the code against the newest edition",
    ),
    "no-base-edition": entry(
        "还没有发布过边界，无从改动",
        "no edition has been published that could be changed",
        "先导入并发布整个区",
        "import and publish a whole district first",
    ),
    "no-such-edition": entry(
        "没有这一版边界",
        "there is no such edition",
        "核对版号，GET /v1/editions 列出全部",
        "check the number; `GET /v1/editions` lists all",
    ),
    "nothing-published": entry(
        "还没有发布边界，或尚无已生效的一版",
        "no edition is published, or none is in force",
        "先导入并发布边界，或 wangge demo load",
        "import and publish boundaries, or run `wangge demo load`",
    ),
    "no-such-grid": entry(
        "没有这个网格", "there is no such grid", "核对编码和版号", "check the code and the edition"
    ),
    "no-such-community": entry(
        "没有这个社区",
        "there is no such community",
        "使用已有社区的编码",
        "use the code of a community that is there",
    ),
    "no-such-unit": entry(
        "没有这个单位", "there is no such unit", "核对编码和版号", "check the code and the edition"
    ),
    "no-such-kind": entry(
        "没有这种网格", "there is no such kind of grid", "应为 base 或 dedicated", "it is base or dedicated"
    ),
    "no-changes": entry(
        "与最新一版或草案没有差别",
        "nothing differs from the newest edition or the draft",
        "不必提交或发布",
        "there is nothing to submit or publish",
    ),
    "district-unknown": entry(
        "文件不在任何已有的区内",
        "the file lies in no district that is there",
        "用 --district 和 --district-name 给出新区",
        "give a new one with `--district` and `--district-name`",
    ),
    "several-districts": entry(
        "文件跨几个区",
        "the file overlaps several districts",
        "用 --district 指明",
        "name it with `--district`",
    ),
    "code-unfit": entry(
        "编码与所属的区不符",
        "codes do not fit the district",
        "核对 --district 或编码",
        "check `--district` or the codes",
    ),
    "level-missing": entry(
        "区有社区或镇街，而文件没有指明",
        "the district has levels that the file does not name",
        "用 --community、--street 指明列",
        "name the columns with `--community` and `--street`",
    ),
    "level-column-needed": entry(
        "比较上级图层需要所属列",
        "comparing with a layer of units needs the column of their codes",
        "指明网格的所属列",
        "name the grids' column",
    ),
    "grids-missing": entry(
        "文件缺少许多已有的网格",
        "the file lacks many grids that are there",
        "确认后用 --retire-missing 或 --keep-missing",
        "say `--retire-missing` or `--keep-missing`, if that is meant",
    ),
    "too-many-gaps": entry(
        "空隙过多，不能一并接受",
        "there are more gaps than are accepted at once",
        "先修补文件",
        "mend the file first",
    ),
    "empty-district": entry(
        "区会没有网格",
        "a district would have no grid",
        "保留至少一个网格，或撤去整个区",
        "keep a grid, or take the whole district out",
    ),
    "empty-edition": entry(
        "新的一版会没有任何区",
        "the new edition would have no district",
        "至少保留一个区",
        "keep one district",
    ),
    "scheduled-edition": entry(
        "已有一版排定生效，其前不能再发布",
        "an edition is scheduled; nothing takes effect before it",
        "等它生效，或先撤回它",
        "wait for it, or withdraw it",
    ),
    "effective-too-early": entry(
        "生效时间早于上一版",
        "it would take effect before the edition before it",
        "给出更晚的时间",
        "give a later instant",
    ),
    "effective-out-of-bounds": entry(
        "生效时间超出允许范围",
        "the instant lies outside what is allowed",
        "给出消息所说范围内的时间",
        "give one in the range that the message names",
    ),
    "edition-in-force": entry(
        "这一版已生效，不能撤回",
        "the edition is in force and cannot be withdrawn",
        "发布新的一版来改正",
        "publish another to correct it",
    ),
    "edition-withdrawn": entry(
        "这一版已经撤回", "the edition was withdrawn already", "不必再撤", "there is nothing to do"
    ),
    "later-editions": entry(
        "后面的版本依据这一版", "later editions stand on this one", "先撤回后面的", "withdraw those first"
    ),
    "drafts-in-the-way": entry(
        "有草案依据这一版且不能移开",
        "drafts stand on this edition and cannot be moved",
        "先处理消息里的草案",
        "settle the drafts that the message names",
    ),
    "draft-unknown": entry(
        "没有这个草案，或您看不到它", "there is no such draft in your sight", "核对编号", "check the number"
    ),
    "draft-state": entry(
        "草案不在这一步",
        "the draft is at another step",
        "按消息里的状态先提交、审核或退回",
        "submit, review or return it first, as the message says",
    ),
    "own-work": entry(
        "参与编制的人不能审核",
        "whoever made a part of a draft does not review it",
        "请另一个人审核",
        "ask somebody else",
    ),
    "conflicts": entry(
        "他人发布的改动涉及同样的网格",
        "somebody else's published changes concern the same grids",
        "按列出的网格改动草案后重试",
        "change the draft at the listed grids, then try again",
    ),
    "conflicting-changes": entry(
        "两份改动涉及同样的网格",
        "two sets of changes concern the same grids",
        "按列出的网格改动其一",
        "change one of them at the listed grids",
    ),
    "nothing-to-undo": entry(
        "没有可撤销的操作", "there is nothing to undo", "不必撤销", "nothing is to be done"
    ),
    "nothing-to-redo": entry(
        "没有可重做的操作", "there is nothing to redo", "不必重做", "nothing is to be done"
    ),
    "crs-shifted": entry(
        "文件坐标整体偏移",
        "the coordinates lie off as those of a shifted system do",
        "按消息声明坐标系，如 gcj02",
        "declare the CRS that the message suggests",
    ),
    "stale": entry(
        "他人已作修改，本次未写入",
        "somebody else changed it since; nothing was written",
        "重新读取后再改",
        "fetch it again and retry",
    ),
    "version-required": entry(
        "写入须指明所依据的版本",
        "a write says which version it saw",
        "带上 If-Match 和读到的 ETag",
        "send If-Match with the ETag that you got",
    ),
}
