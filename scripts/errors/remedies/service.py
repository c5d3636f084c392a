"""The service over HTTP: requests, and what is busy or not there."""

from __future__ import annotations

from scripts.errors.remedies.entry import Entry, entry

ENTRIES: dict[str, Entry] = {
    "invalid": entry(
        "请求的某一项不符合接口说明",
        "a field is not as the interface describes it",
        "按 fields 里的期望改正",
        "correct what `fields` lists",
    ),
    "unknown-parameter": entry(
        "地址里有不认识的参数",
        "the address has a parameter that there is not",
        "删去它，或改成消息里列出的名称",
        "leave it out, or use a name that the message lists",
    ),
    "conflicting-parameters": entry(
        "两个参数指的是不同的版本",
        "two parameters name different editions",
        "只写其中一个",
        "give one of them",
    ),
    "bad-parameter": entry(
        "OGC 接口的参数不认识或读不懂",
        "a parameter of the OGC interface is unknown or cannot be read",
        "使用消息里列出的参数和取值",
        "use what the message lists",
    ),
    "broken-address": entry(
        "地址里的字节不是 UTF-8", "the address is not UTF-8", "以 UTF-8 做百分号编码", "percent-encode UTF-8"
    ),
    "json-unreadable": entry(
        "JSON 读不出来", "the JSON cannot be read", "核对 JSON 的写法", "check how it is written"
    ),
    "not-utf8": entry("请求内容不是 UTF-8", "the body is not UTF-8", "以 UTF-8 编码发送", "send UTF-8"),
    "not-text": entry(
        "文字含 NUL 或半个字符", "a text has NUL or halves of characters", "删去这些字符", "remove them"
    ),
    "not-a-box": entry(
        "bbox 不是西、南、东、北四个度数",
        "bbox is not west, south, east, north in degrees",
        "改成四个度数",
        "give four numbers in degrees",
    ),
    "not-a-date": entry("不是日期", "it is not a date", "写成 2026-11-21", "write it like 2026-11-21"),
    "not-an-instant": entry(
        "不是带时区的时刻",
        "it is not an instant with an offset",
        "写成 2026-11-01T00:00:00+08:00",
        "write it like 2026-11-01T00:00:00+08:00",
    ),
    "not-an-interval": entry(
        "不是时间区间", "it is not an interval", "用一个 / 隔开两个时刻", "put one slash between two instants"
    ),
    "reversed-interval": entry(
        "起点晚于终点", "the interval ends before it begins", "对调两端", "exchange the ends"
    ),
    "instant-out-of-bounds": entry(
        "时刻超出可存的范围",
        "the instant lies outside what can be stored",
        "给出消息所说范围内的时刻",
        "give one in the range that the message names",
    ),
    "days-out-of-range": entry(
        "天数超出范围",
        "the number of days is out of range",
        "给出消息所说范围内的天数",
        "give a number in the range",
    ),
    "bad-cursor": entry(
        "cursor 不是本服务给出的",
        "the cursor is not one of ours",
        "从第一页重新开始",
        "begin at the first page",
    ),
    "bad-coordinates": entry(
        "不是有效的经纬度",
        "the place is no longitude and latitude",
        "先经度，后纬度",
        "longitude comes first",
    ),
    "outside-crs": entry(
        "坐标在该坐标系中没有意义",
        "the place has no meaning in its CRS",
        "核对坐标和坐标系",
        "check the coordinates and the CRS",
    ),
    "too-many-points": entry(
        "一次的点太多",
        "there are more points than one request takes",
        "用 Arrow 流，或分几次发送",
        "send an Arrow stream, or several requests",
    ),
    "batch-too-large": entry(
        "Arrow 流里的一批过大", "a batch of the stream is too large", "把批分小", "send smaller batches"
    ),
    "answer-too-large": entry(
        "回答会过大", "the answer would be too large", "分几次发送", "send it in several parts"
    ),
    "not-arrow": entry(
        "不是完整的 Arrow IPC 流",
        "it is no whole Arrow IPC stream",
        "以流格式完整发送",
        "send a whole stream",
    ),
    "unsupported-media": entry(
        "不收这种内容格式",
        "this kind of content is not taken",
        "改用消息里的 Content-Type",
        "use the Content-Type that the message names",
    ),
    "file-in-a-form": entry(
        "文件放在了表单里",
        "the file came inside a form",
        "把文件本身作为请求内容发送",
        "send the file itself as the body",
    ),
    "empty-body": entry(
        "请求里没有文件",
        "there is no file in the request",
        "把文件作为请求内容发送",
        "send the file as the body",
    ),
    "upload-too-large": entry(
        "上传的文件过大",
        "the file is larger than may be sent",
        "压缩或拆分，或由管理员调高 WANGGE_MAX_UPLOAD_MB",
        "zip or split it, or have WANGGE_MAX_UPLOAD_MB raised",
    ),
    "body-too-large": entry(
        "请求内容过大", "the body is larger than it may be", "分几次发送", "send several requests"
    ),
    "slow-body": entry(
        "文件没有及时传完",
        "the file did not arrive in time",
        "换一条更快的线路重试",
        "try again on a faster line",
    ),
    "no-such-class": entry(
        "没有这个类别",
        "there is no such class",
        "wangge components classes 或 incidents classes 列出全部",
        "`wangge components classes` and `incidents classes` list them",
    ),
    "no-such-state": entry(
        "没有这个状态", "there is no such state", "使用消息里列出的状态", "use one that the message lists"
    ),
    "no-such-incident": entry("没有这个事件", "there is no such incident", "核对编号", "check the number"),
    "no-such-tile": entry(
        "没有这个瓦片", "there is no such tile", "核对级别和行列号", "check zoom, column and row"
    ),
    "no-such-asset": entry(
        "没有这个页面文件", "there is no such file of the pages", "刷新页面", "reload the page"
    ),
    "assets-missing": entry(
        "前端文件没有安装", "front-end files are not installed", "运行 make assets", "run `make assets`"
    ),
    "no-authority": entry(
        "本服务没有自己的根证书",
        "the service has no authority of its own",
        "运行 wangge tls init",
        "run `wangge tls init`",
    ),
    "no-such-collection": entry(
        "没有这个图层",
        "there is no such collection",
        "GET /ogc/collections 列出全部",
        "`GET /ogc/collections` lists them",
    ),
    "no-such-feature": entry(
        "没有这个要素", "there is no such feature", "核对编码和时刻", "check the code and the instant"
    ),
    "not-a-feature": entry(
        "应为一个 GeoJSON Feature", "a GeoJSON Feature was expected", "发送 Feature", "send a Feature"
    ),
    "content-crs": entry(
        "Content-Crs 应为 CRS84",
        "Content-Crs has to be CRS84",
        "以 CRS84 发送，或不写 Content-Crs",
        "send CRS84, or leave Content-Crs out",
    ),
    "class-unknown": entry(
        "写的部件类不存在",
        "the class of components that is named does not exist",
        "wangge components classes 列出全部",
        "`wangge components classes` lists them",
    ),
    "not-crs84": entry(
        "坐标应为 CRS84（先经度）",
        "coordinates are in CRS84, longitude first",
        "转换到 CRS84",
        "convert them to CRS84",
    ),
    "properties-not-an-object": entry(
        "properties 应为对象", "properties is an object", "发送对象", "send an object"
    ),
    "condition-too-large": entry(
        "过滤条件太长、太深或部分太多",
        "a condition is too long, too deep or has too many parts",
        "拆成几次请求，或改用 in、bbox；较长的条件用 cql2-json",
        "split it, or use `in` or `bbox`; long conditions go as `cql2-json`",
    ),
    "condition-unreadable": entry(
        "过滤条件不合 CQL2 的写法",
        "a condition is not written as CQL2 has it",
        "看 position 指的字符，按消息里的期望改正",
        "look at the character that `position` names, and write what the message expects",
    ),
    "condition-unsupported": entry(
        "过滤条件用了这里不支持的运算",
        "a condition uses what is not supported here",
        "改用消息里列出的运算",
        "use what the message lists",
    ),
    "condition-type": entry(
        "值的类型与属性不符",
        "a value is of another type than its property",
        "按消息里的写法给出值；属性的类型见 queryables",
        "write the value as the message shows; `queryables` lists the types",
    ),
    "condition-geometry": entry(
        "过滤条件里的图形不能用",
        "a shape of a condition cannot be used",
        "给出 CRS84 的有效点、面或范围",
        "give a valid point, polygon or box in CRS84",
    ),
    "unknown-property": entry(
        "没有这个属性", "there is no such property", "使用消息里列出的属性", "use one that the message lists"
    ),
    "not-nullable": entry("该属性不能为空", "the property cannot be null", "给出值", "give a value"),
    "read-only": entry("该属性由系统计算", "the property is computed", "不要发送它", "leave it out"),
    "code-mismatch": entry(
        "内容里的编码与地址不同",
        "the code of the body is not that of the address",
        "改编码请用 recode",
        "use `recode` to change a code",
    ),
    "unstorable-value": entry(
        "数据库存不下这样的值",
        "the database cannot hold such a value",
        "改正过大的数字或特殊字符",
        "correct the number or character",
    ),
    "constraint": entry(
        "与已有数据冲突",
        "it conflicts with what is stored",
        "按约束名核对数据",
        "check the data by the name of the constraint",
    ),
    "locked": entry(
        "另一项操作占用数据，本次未写入",
        "another operation holds the data; nothing was written",
        "稍后重试",
        "try again in a moment",
    ),
    "timeout": entry("查询超时", "the query took too long", "缩小范围", "narrow it"),
    "busy": entry("服务繁忙", "the service is busy", "按 Retry-After 重试", "try again as Retry-After says"),
    "readers-busy": entry(
        "正在读取的文件过多", "too many files are being read", "稍后重试", "try again soon"
    ),
    "uploads-unconfined": entry(
        "本机不能隔离读取文件的进程",
        "this machine cannot close the reader of files off",
        "换用新内核或以 root 启动，或设 WANGGE_UPLOAD_UNCONFINED",
        "use a newer kernel or start as root, or set WANGGE_UPLOAD_UNCONFINED",
    ),
    "storage-full": entry(
        "服务器磁盘放不下上传的文件",
        "the server's disk has no room for the file",
        "请管理员腾出空间",
        "have an administrator make room",
    ),
    "no-space": entry(
        "服务器临时空间不足",
        "the server is short of temporary space",
        "分几次发送",
        "send it in several parts",
    ),
    "index-unavailable": entry(
        "暂时不能装入索引", "the index cannot be loaded right now", "稍后重试", "try again"
    ),
    "internal": entry(
        "服务自身出错，已记录",
        "the service failed and logged it",
        "把请求编号告诉管理员",
        "tell an administrator the request id",
    ),
    "database-error": entry(
        "数据库出了意外的错，已记录",
        "the database failed unexpectedly; it is logged",
        "把请求编号告诉管理员",
        "tell an administrator the request id",
    ),
}
