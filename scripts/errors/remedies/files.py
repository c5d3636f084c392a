"""Files that are read or written: formats, layers, columns, encodings, coordinates."""

from __future__ import annotations

from scripts.errors.remedies.entry import Entry, entry

ENTRIES: dict[str, Entry] = {
    "no-such-file": entry("没有这个文件", "there is no such file", "核对路径", "check the path"),
    "directory": entry(
        "给的是文件夹", "a directory came instead of a file", "写明其中的文件", "name a file in it"
    ),
    "is-a-folder": entry(
        "整个文件夹只能用 Spark 处理",
        "a whole folder is for Spark",
        "指明一个文件，或加 --engine spark",
        "name a file, or add `--engine spark`",
    ),
    "not-a-folder": entry(
        "Spark 的输出应是文件夹",
        "what Spark writes is a folder",
        "换一个输出路径",
        "name another path for the output",
    ),
    "not-a-regular-file": entry(
        "不是普通文件", "it is no regular file", "先保存成普通文件", "save it as a regular file first"
    ),
    "same-file": entry(
        "输出与输入相同", "the output is the input, or inside it", "换一个输出路径", "write somewhere else"
    ),
    "unreadable-file": entry(
        "文件读不出来",
        "the system does not let the file be read",
        "检查权限与磁盘",
        "check permissions and the disk",
    ),
    "empty-file": entry("文件是空的", "the file is empty", "重新导出", "export it again"),
    "no-parquet-files": entry(
        "文件夹里没有 Parquet 文件", "the folder has no Parquet file", "核对路径", "check the path"
    ),
    "damaged": entry(
        "文件损坏、截断或加密",
        "the file is damaged, truncated or encrypted",
        "从来源重新取得或重新导出",
        "fetch or export it again",
    ),
    "counts-differ": entry(
        "图形数与记录数不一致",
        "the numbers of shapes and rows differ",
        "各部分应来自同一次导出：整套重新导出",
        "its parts are not of one export: export it whole again",
    ),
    "missing-part": entry(
        "文件缺少伴随文件",
        "a file beside it is missing",
        "把全部伴随文件放在一起或一起压缩",
        "put all its parts beside it, or zip them together",
    ),
    "linked-table": entry(
        "MapInfo 表只指向别的数据",
        "the MapInfo table only points to other data",
        "在 MapInfo 中另存为普通表",
        "save it as a table of its own in MapInfo",
    ),
    "document-type": entry(
        "XML 里声明了 DOCTYPE 或实体",
        "the XML declares a document type or entities",
        "用来源软件重新导出",
        "export it again without them",
    ),
    "too-deep": entry(
        "元素或 JSON 嵌套过深", "elements or JSON are nested too deep", "减少嵌套层数", "nest less"
    ),
    "limit-exceeded": entry(
        "文件超过读取上限",
        "the file takes more than may be read",
        "拆分或简化文件，或由管理员调高消息里的设置",
        "split or simplify it, or have the setting that is named raised",
    ),
    "unknown-format": entry(
        "不认识这种文件类型",
        "the type of file is not known",
        "使用消息里列出的格式",
        "use a format that the message lists",
    ),
    "foreign-format": entry(
        "这种格式不读",
        "a format that is known and not read",
        "按消息里的办法转换",
        "convert it in the way the message names",
    ),
    "wrong-content": entry(
        "内容与扩展名不符",
        "the content is not what the name says",
        "改正扩展名或重新导出",
        "correct the extension, or export it again",
    ),
    "unwritable-format": entry(
        "不能写这种格式",
        "the format cannot be written",
        "使用消息里列出的扩展名",
        "use an extension that the message lists",
    ),
    "one-layer-format": entry(
        "该格式只能存一个图层", "the format holds one layer", "改写为 .gpkg", "write .gpkg"
    ),
    "parquet-suffix": entry(
        "GeoParquet 的结果应写成 .parquet",
        "the result of GeoParquet is written as .parquet",
        "改输出文件的扩展名",
        "change the extension of the output",
    ),
    "file-too-large": entry(
        "该格式的文件过大",
        "a file of this format may not be so large",
        "改用 GeoPackage",
        "use GeoPackage instead",
    ),
    "several-layers": entry(
        "文件有几个图层", "the file has several layers", "用 layer 指明一个", "name one with `layer`"
    ),
    "several-files": entry(
        "压缩包里有几个数据文件",
        "an archive holds several files of data",
        "每个文件单独压缩，或直接给出其中一个",
        "pack each by itself, or name one of them",
    ),
    "layer-not-found": entry(
        "没有这个图层",
        "there is no such layer",
        "使用消息里列出的图层名",
        "use a name that the message lists",
    ),
    "no-spatial-layer": entry(
        "文件里没有带图形的图层", "no layer has shapes", "导出带图形的图层", "export a layer with shapes"
    ),
    "no-closed-shapes": entry(
        "图层里没有闭合的图形",
        "the layer has no closed shapes",
        "指明别的图层，或在 CAD 中闭合多段线",
        "name another layer, or close the polylines",
    ),
    "no-shapes": entry("文件里没有图形", "the file has no shapes", "核对图层", "check the layer"),
    "no-rows": entry(
        "文件没有数据行", "the file has no rows", "核对图层或重新导出", "check the layer, or export it again"
    ),
    "no-header": entry(
        "第一行没有列名", "the first line has no names of columns", "加一行列名", "add a line with names"
    ),
    "not-a-table": entry(
        "不是表格", "the file is not a table", "导出为 CSV 或 XLSX", "export it as CSV or XLSX"
    ),
    "repeated-column": entry(
        "两列同名", "two columns have one name", "改其中一列的名称", "rename one of them"
    ),
    "missing-column": entry(
        "没有这一列", "there is no such column", "使用消息里列出的列名", "use a name that the message lists"
    ),
    "ambiguous-column": entry(
        "有几列都可能是它", "several columns may be meant", "写出准确的列名", "give the exact name"
    ),
    "no-place-columns": entry(
        "没有坐标列",
        "there are no columns of coordinates",
        "指明经度和纬度列，或 WKT 列",
        "name the columns of longitude and latitude, or of WKT",
    ),
    "column-taken": entry(
        "已有 grid_code 列", "there is a column grid_code already", "先改名", "rename it first"
    ),
    "wrong-type": entry(
        "列的类型不对",
        "a column has another type",
        "坐标应为数字列，图形列应为点",
        "coordinates are numbers, the shapes are points",
    ),
    "bad-rows": entry(
        "有些行不能使用",
        "some rows cannot be used",
        "改正列出的行，或用 --skip-bad 跳过",
        "correct the listed rows, or leave them out with `--skip-bad`",
    ),
    "no-good-rows": entry("没有一行能用", "no row can be used", "改正列出的行", "correct the listed rows"),
    "unknown-encoding": entry(
        "文字编码不明，或与所说的不同",
        "the encoding of the text is not known, or not the one that is said",
        "按消息里的样例指明编码",
        "name the encoding in which the samples of the message read well",
    ),
    "unknown-encoding-name": entry(
        "没有这种编码名",
        "there is no encoding of this name",
        "使用消息里列出的名称",
        "use a name that the message lists",
    ),
    "unkept-character": entry(
        "有文字不能保存的字符", "a character that no text can keep", "删去该字符", "remove it"
    ),
    "code-not-encodable": entry(
        "网格编码写不进输出的编码",
        "a grid code cannot be written in the encoding of the output",
        "用 --output-encoding utf-8-sig",
        "use `--output-encoding utf-8-sig`",
    ),
    "text-not-encodable": entry(
        "文字写不进输出的编码",
        "a text cannot be written in the encoding of the output",
        "换一种输出编码，如 utf-8-sig",
        "name another encoding, such as utf-8-sig",
    ),
    "text-too-long": entry(
        "文字超过该格式的长度",
        "a text is longer than the format holds",
        "改写为 .gpkg 或 .geojson",
        "write .gpkg or .geojson",
    ),
    "text-with-nul": entry(
        "文字含 NUL 字符",
        "a text has a NUL character",
        "删去它，或改写为别的格式",
        "remove it, or write another format",
    ),
    "number-too-long": entry(
        "数字超过该格式的宽度",
        "a number is wider than the format holds",
        "改写为 .gpkg 或 .geojson",
        "write .gpkg or .geojson",
    ),
    "crs-missing": entry(
        "没有坐标系", "the CRS is not said", "用 crs 指明，如 EPSG:4549", "name it, such as EPSG:4549"
    ),
    "crs-unknown": entry(
        "坐标系认不出来", "the CRS cannot be read", "用 crs 写出 EPSG 编号", "name its EPSG code"
    ),
    "crs-not-horizontal": entry(
        "不是平面或地理坐标系",
        "the CRS is not a horizontal one",
        "写出水平部分的坐标系",
        "name the horizontal one",
    ),
    "crs-mixed": entry("文件里有几种坐标系", "the file has several CRSs", "拆成几个文件", "split the file"),
    "no-transformation": entry(
        "没有公布的转换通往 WGS84",
        "no published transformation leads to WGS84",
        "先把文件转换到 CGCS2000",
        "convert the file to CGCS2000 first",
    ),
    "swapped-coordinates": entry(
        "经度、纬度写反了",
        "longitude and latitude are the wrong way round",
        "先经度，后纬度",
        "longitude comes first",
    ),
    "out-of-range": entry(
        "不是经纬度",
        "the coordinates are no longitude and latitude",
        "若是投影坐标，请指明坐标系",
        "name the CRS if they are projected",
    ),
    "no-coordinates": entry(
        "没有可用的坐标", "there is no usable coordinate", "核对坐标列", "check the columns of coordinates"
    ),
    "not-numbers": entry(
        "经纬度不是数字", "longitude and latitude are not numbers", "改成数字", "give numbers"
    ),
    "not-points": entry("应为点", "points were expected", "只给点", "give points"),
    "ambiguous-dates": entry(
        "日期里月和日分不清",
        "month and day cannot be told apart",
        "用 --date-order 指明，或写成 2026-11-21",
        "say with `--date-order`, or write 2026-11-21",
    ),
    "no-time": entry(
        "没有指明时间列",
        "the column of the time is not named",
        "用 --time-column 指明",
        "name it with `--time-column`",
    ),
    "no-id": entry(
        "更新需要来源编号列",
        "an update goes by the source's ids",
        "用 --id-column 指明",
        "name the column with `--id-column`",
    ),
    "ruined-codes": entry(
        "编码被电子表格改坏了",
        "codes were ruined by a spreadsheet",
        "以文本格式重新导出",
        "export them again as text",
    ),
}
