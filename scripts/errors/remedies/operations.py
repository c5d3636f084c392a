"""The command line and the running of the service: database, backups, HTTPS, imports."""

from __future__ import annotations

from scripts.errors.remedies.entry import Entry, entry

ENTRIES: dict[str, Entry] = {
    "usage": entry(
        "命令的用法不对",
        "the command is used in a wrong way",
        "按消息改写；--help 列出选项",
        "write it as the message says; `--help` lists the options",
    ),
    "settings": entry(
        "设置不被接受",
        "a setting is not accepted",
        "按消息改正 WANGGE_… 变量",
        "correct the WANGGE_… variable",
    ),
    "not-confirmed": entry(
        "没有确认，未作改动",
        "it was not confirmed; nothing was changed",
        "确定要做请加 --yes",
        "add `--yes`, if you mean it",
    ),
    "output-unusable": entry(
        "输出文件写不了",
        "the output cannot be written",
        "核对文件夹和权限",
        "check the folder and its permissions",
    ),
    "import-under-way": entry(
        "同一文件正被导入", "the file is being imported by another process", "等它结束", "wait for it"
    ),
    "imported-before": entry(
        "这个文件导入过",
        "the file was imported before",
        "用 --update 或 --replace",
        "use `--update` or `--replace`",
    ),
    "codes-present": entry(
        "这些编码已在库中",
        "the codes are stored already",
        "用 --update 覆盖",
        "write over them with `--update`",
    ),
    "ids-present": entry(
        "这些编号已在库中",
        "the ids are stored already",
        "用 --update 覆盖",
        "write over them with `--update`",
    ),
    "no-components": entry("没有符合条件的部件", "there are no such components", "放宽条件", "ask for more"),
    "no-grids": entry(
        "这一版没有符合条件的网格",
        "the edition has no such grids",
        "核对版号和单位",
        "check the edition and the unit",
    ),
    "no-such-district": entry(
        "没有这个演示区",
        "there is no such demo district",
        "使用消息里列出的名称",
        "use one that the message lists",
    ),
    "real-data-on-demo": entry(
        "有真实数据依附演示区",
        "real data depend on the demo district",
        "先发布真实边界",
        "publish real boundaries first",
    ),
    "password-missing": entry(
        "标准输入没有密码",
        "no password came on standard input",
        "把密码写到标准输入",
        "write it to standard input",
    ),
    "service-not-up": entry(
        "网页服务没有起来", "the web service did not come up", "看上面的日志", "read the log above"
    ),
    "already-running": entry(
        "wangge 已在这个文件夹运行",
        "wangge runs over this folder already",
        "先停掉它，或另设 WANGGE_HOME",
        "stop it, or set another WANGGE_HOME",
    ),
    "port-unusable": entry(
        "端口用不了", "the port cannot be used", "换一个 WANGGE_PORT", "set another WANGGE_PORT"
    ),
    "unit-folder-unwritable": entry(
        "不能写 systemd 单元文件夹",
        "the folder of unit files cannot be written",
        "以 root 运行",
        "run as root",
    ),
    "system-user-malformed": entry(
        "系统用户名的写法不对",
        "the name of the system user is not as names are",
        "用字母、数字和 - _ .",
        "use letters, digits, - _ and .",
    ),
    "path-unprintable": entry(
        "路径里有不可见字符", "a path has characters that cannot be printed", "换一个路径", "use another path"
    ),
    "engine-missing": entry(
        "没有 Spark 或 Java", "Spark or Java is not there", "按消息安装", "install what the message names"
    ),
    "engine-failed": entry("Spark 任务失败", "the Spark job failed", "看 Spark 的日志", "read Spark's log"),
    "database-unreachable": entry(
        "连不上数据库",
        "the database cannot be reached",
        "wangge db start，或核对 WANGGE_DATABASE_URL",
        "run `wangge db start`, or check WANGGE_DATABASE_URL",
    ),
    "bad-database-url": entry(
        "数据库地址写错了",
        "the URL of the database is none",
        "写成 postgresql://user:password@host:port/database",
        "write postgresql://user:password@host:port/database",
    ),
    "database-external": entry(
        "数据库是外部的，此命令不适用",
        "the database is external; the command does not apply",
        "用那台服务器的工具",
        "use the tools of that server",
    ),
    "database-forbidden": entry(
        "数据库角色没有权限",
        "the database role lacks a privilege",
        "用所有者的角色连接",
        "connect as the owner",
    ),
    "schema-not-current": entry(
        "数据库结构不是最新", "the schema is not current", "wangge db migrate", "run `wangge db migrate`"
    ),
    "cluster-busy": entry(
        "另一个进程正在操作数据库文件夹",
        "another process works on the folder of the database",
        "稍后重试",
        "try again in a moment",
    ),
    "cluster-failure": entry(
        "私有数据库建立、启动或停止失败",
        "the private database could not be made, started or stopped",
        "看消息里 PostgreSQL 的话",
        "read what PostgreSQL said",
    ),
    "cluster-record-damaged": entry(
        "cluster.json 读不懂",
        "cluster.json cannot be understood",
        "从备份恢复，或换 WANGGE_HOME",
        "restore it, or set another WANGGE_HOME",
    ),
    "data-missing": entry(
        "数据文件夹不见了",
        "the folder of the data is gone",
        "放回数据；或按消息重新开始",
        "put it back, or begin anew as the message says",
    ),
    "database-password-lost": entry(
        "数据库密码文件丢失且无法重设",
        "the password file is gone and could not be replaced",
        "看消息里的原因",
        "read the reason in the message",
    ),
    "disk-full": entry("磁盘已满，未写入", "the disk is full; nothing was written", "腾出空间", "make room"),
    "home-copied": entry(
        "WANGGE_HOME 是别处的副本",
        "WANGGE_HOME is a copy of another one",
        "按消息二选一",
        "choose one of the two ways in the message",
    ),
    "home-unusable": entry(
        "WANGGE_HOME 用不了",
        "WANGGE_HOME cannot be used",
        "换一个可写的文件夹",
        "set a folder that can be written",
    ),
    "no-socket-folder": entry(
        "没有可用的套接字文件夹",
        "there is no usable folder for the socket",
        "换一个更短的 WANGGE_HOME",
        "set a shorter WANGGE_HOME",
    ),
    "postgres-missing": entry(
        "没有装 PostgreSQL 或 PostGIS",
        "PostgreSQL or PostGIS is not installed",
        "按消息安装",
        "install what the message names",
    ),
    "postgres-version": entry(
        "数据由另一版 PostgreSQL 建立",
        "the data were made by another version of PostgreSQL",
        "安装那一版",
        "install that version",
    ),
    "system-user-missing": entry(
        "以 root 启动所需的系统用户不存在",
        "the system user that root's database runs as is not there",
        "安装 postgresql-common，或以普通用户运行",
        "install postgresql-common, or run as a plain user",
    ),
    "backup-unwritable": entry(
        "备份文件写不了", "the backup cannot be written", "换一个文件夹", "name another folder"
    ),
    "backup-unreadable": entry(
        "备份文件读不了", "the backup cannot be read", "核对路径和权限", "check the path and permissions"
    ),
    "not-a-backup": entry(
        "不是备份文件",
        "the file is no backup",
        "使用 wangge db backup 写出的文件",
        "use a file that `wangge db backup` wrote",
    ),
    "backup-incomplete": entry("备份不完整", "the backup is not whole", "用另一份备份", "use another one"),
    "backup-newer": entry(
        "备份来自更新的版本", "the backup is of a newer version", "先升级 wangge", "upgrade wangge first"
    ),
    "backup-no-space": entry(
        "备份或恢复时磁盘已满", "the disk is full", "腾出空间后重试", "make room and try again"
    ),
    "backup-failed": entry(
        "备份或恢复失败，未作改动",
        "the backup or restore failed; nothing was changed",
        "看消息里的原因",
        "read the reason in the message",
    ),
    "backup-under-way": entry(
        "另一次备份、演练或恢复正在进行",
        "another backup, rehearsal or restore is under way",
        "等它结束",
        "try again when it has ended",
    ),
    "backup-folder-unusable": entry(
        "备份文件夹用不了",
        "the backup folder cannot be used",
        "用 WANGGE_BACKUP_DIR 另设",
        "set another by WANGGE_BACKUP_DIR",
    ),
    "base-backup-failed": entry(
        "基础备份失败", "the base backup failed", "看消息里的原因", "read the reason in the message"
    ),
    "base-backup-damaged": entry("基础备份损坏", "the base backup is damaged", "用另一份", "use another one"),
    "no-base-backup": entry(
        "还没有基础备份",
        "there is no base backup",
        "每夜运行 wangge db backup --nightly",
        "run `wangge db backup --nightly` every night",
    ),
    "archiving-off": entry(
        "数据库启动时没有开归档",
        "the database was started without archiving",
        "重启一次数据库",
        "restart it once",
    ),
    "archive-stalled": entry(
        "日志没有及时归档", "the log was not archived in time", "看数据库日志", "read the database's log"
    ),
    "archive-compression-failed": entry(
        "压缩归档日志失败",
        "compressing the archived log failed",
        "看消息里的原因",
        "read the reason in the message",
    ),
    "log-damaged": entry(
        "归档日志缺失或损坏，其后无法恢复",
        "archived log is missing or damaged; nothing behind it can be restored",
        "恢复到更早的时刻，并立即做新的基础备份",
        "restore to an earlier instant, and make a new base backup",
    ),
    "instant-not-restorable": entry(
        "该时刻无法恢复",
        "the instant cannot be restored",
        "选消息所说范围内的时刻",
        "choose one in the range that the message names",
    ),
    "restore-interrupted": entry(
        "恢复期间有人启动了数据库，未作替换",
        "somebody started the database during the restore; nothing was replaced",
        "停掉服务后重试",
        "stop it and run it again",
    ),
    "restore-step-failed": entry(
        "恢复的一步失败", "a step of the restore failed", "看消息里的原因", "read the reason in the message"
    ),
    "still-running": entry("wangge 正在运行", "wangge is running", "先停掉它", "stop it first"),
    "database-not-empty": entry(
        "数据库不是空的",
        "the database is not empty",
        "确定要替换请加 --force",
        "add `--force`, if it is to be replaced",
    ),
    "no-private-database": entry(
        "还没有私有数据库", "there is no private database yet", "先运行 wangge up", "run `wangge up` first"
    ),
    "tls-authority-incomplete": entry(
        "根证书缺少一个文件", "a file of the authority is missing", "从备份恢复", "restore it from a backup"
    ),
    "tls-authority-unreadable": entry(
        "根证书读不了", "the authority cannot be read", "从备份恢复，或重新建立", "restore it, or begin anew"
    ),
    "tls-authority-expired": entry(
        "根证书已到期",
        "the authority has expired",
        "删去后 wangge tls init，并让设备重新信任",
        "delete it, run `wangge tls init`, and have devices trust the new one",
    ),
    "tls-key-mismatch": entry(
        "私钥与证书不配",
        "the key does not fit the certificate",
        "使用同一次签发的私钥",
        "name the key issued with it",
    ),
    "tls-certificate-dates": entry(
        "证书已到期或尚未生效", "the certificate has expired or is not valid yet", "更新证书", "renew it"
    ),
    "tls-certificate-unusable": entry(
        "证书不能使用", "the certificate cannot be used", "提供 PEM 格式的证书", "give a certificate in PEM"
    ),
    "tls-file-unreadable": entry(
        "证书或私钥文件读不了",
        "the file of the certificate or key cannot be read",
        "核对路径和权限",
        "check the path and permissions",
    ),
    "tls-key-encrypted": entry(
        "私钥设有密码",
        "the key has a password",
        "提供不加密的私钥，权限 0600",
        "give one without, readable by its owner only",
    ),
    "tls-key-unusable": entry(
        "不是 PEM 私钥", "it is no private key in PEM", "提供 PEM 格式的私钥", "give a key in PEM"
    ),
    "tls-host-malformed": entry(
        "不是主机名或 IP 地址",
        "it is neither a host name nor an IP address",
        "写成 wangge.example.gov.cn 或 10.1.2.3",
        "write it like wangge.example.gov.cn or 10.1.2.3",
    ),
}
