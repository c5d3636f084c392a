"""Accounts, rights, second factors and tokens."""

from __future__ import annotations

from scripts.errors.remedies.entry import Entry, entry

ENTRIES: dict[str, Entry] = {
    "unauthorised": entry(
        "需要登录", "somebody has to be signed in", "登录，或带上令牌", "sign in, or send a token"
    ),
    "invalid-token": entry(
        "令牌不存在、已到期或已撤销",
        "the token is unknown, expired or revoked",
        "请管理员签发新的",
        "have a new one issued",
    ),
    "wrong-credentials": entry(
        "账号或密码不对，或账号不能登录",
        "the name or password is wrong, or the account is not let in",
        "重试，或请管理员重设密码",
        "try again, or have the password reset",
    ),
    "totp-required": entry(
        "还需要二次验证码",
        "a code of the second factor is needed",
        "输入验证器上的数字，或恢复码",
        "type the code of the app, or a recovery code",
    ),
    "wrong-code": entry(
        "二次验证码不对、过时或已用过",
        "the code of the second factor is wrong, too old or used",
        "等下一个验证码",
        "wait for the next one",
    ),
    "totp-enrolment-required": entry(
        "管理员须先启用二次验证",
        "administrators set up a second factor first",
        "在账户页面启用",
        "set it up on the page of the account",
    ),
    "totp-active": entry(
        "已启用二次验证", "there is a second factor already", "先停用再重设", "remove it first"
    ),
    "totp-not-begun": entry(
        "还没有开始设置二次验证", "setting up the second factor has not begun", "先取得密钥", "begin it first"
    ),
    "totp-mismatch": entry(
        "设置二次验证时输入的数字不对",
        "the code typed while setting up the second factor is wrong",
        "输入此刻显示的 6 位数字，并核对手机时间",
        "type the 6 digits shown now, and check the phone's clock",
    ),
    "totp-key": entry(
        "二次验证的密钥文件缺失或不符",
        "the key of second factors is missing or another one",
        "恢复 totp.key，或 wangge user totp-reset",
        "restore totp.key, or run `wangge user totp-reset`",
    ),
    "password-change-required": entry(
        "密码由他人设定，须先修改", "the password was set by somebody else", "先修改密码", "change it first"
    ),
    "weak-password": entry(
        "密码太常见或太好猜",
        "the password is common or easy to guess",
        "换一个更长、少见的",
        "take a longer, rarer one",
    ),
    "password-length": entry(
        "密码长度不对",
        "the password is too short or too long",
        "按消息给出的长度",
        "keep to the length that the message names",
    ),
    "password-unchanged": entry(
        "新密码与现在的相同", "the new password is the present one", "换一个", "take another"
    ),
    "too-many": entry(
        "登录失败过多，暂时锁定",
        "too many failures to sign in; locked for a while",
        "稍后再试，或请管理员解锁",
        "wait, or have it unlocked",
    ),
    "rate-limit": entry(
        "请求过于频繁", "there are too many requests", "按 Retry-After 等待", "wait as Retry-After says"
    ),
    "forged-request": entry(
        "请求不像来自本系统的页面",
        "the request does not prove that it comes from our pages",
        "刷新页面；程序请用令牌",
        "reload the page; programs use tokens",
    ),
    "token-not-accepted": entry(
        "此处只接受登录的人，不接受令牌",
        "this is for people who are signed in, not for tokens",
        "登录后操作",
        "sign in",
    ),
    "role-needed": entry(
        "缺少所需的角色", "a role is needed that you do not have", "请管理员授权", "ask an administrator"
    ),
    "out-of-scope": entry(
        "在您的管辖范围之外",
        "it lies outside the area of your rights",
        "请有权的人操作",
        "ask somebody who has the right",
    ),
    "gives-too-much": entry(
        "不能授予自己没有的权限",
        "you cannot give a right that you do not have",
        "请上级管理员授予",
        "ask a wider administrator",
    ),
    "not-your-account": entry(
        "该账号有您管辖之外的权限",
        "the account has rights outside of what you administer",
        "请上级管理员操作",
        "ask a wider administrator",
    ),
    "last-admin": entry(
        "这是最后一个总管理员",
        "nobody would be left to administer everything",
        "先授权另一个人",
        "give the role to somebody else first",
    ),
    "account-unknown": entry(
        "没有这个账号，或您看不到", "there is no such account in your sight", "核对名称", "check the name"
    ),
    "account-name-malformed": entry(
        "账号名的写法不对",
        "the name of the account is not as names are",
        "用字母、数字和 . _ @ + -，1 到 64 个",
        "1 to 64 letters, digits or . _ @ + -",
    ),
    "name-taken": entry("账号名已被使用", "the name belongs to another account", "换一个", "take another"),
    "display-name-length": entry(
        "显示名应为 1 到 100 个字符",
        "a display name takes 1 to 100 characters",
        "改短或补上",
        "shorten it, or give one",
    ),
    "role-missing": entry("没有给角色", "no role is given", "至少给一个角色", "give at least one"),
    "role-unknown": entry(
        "没有这个角色", "there is no such role", "使用消息里列出的角色", "use one that the message lists"
    ),
    "no-such-grant": entry(
        "账号没有这项授权", "the account has no such grant", "核对授权列表", "check the list of its grants"
    ),
    "scope-unknown": entry(
        "没有这个单位可作范围", "no unit has the code of the scope", "核对编码", "check the code"
    ),
    "scope-ambiguous": entry(
        "范围可指几个单位",
        "the scope may be several units",
        "按消息写明是哪一个",
        "say which, as the message lists",
    ),
    "token-unknown": entry(
        "没有这个令牌", "there is no such token", "核对编号或开头", "check its number or beginning"
    ),
    "token-ambiguous": entry(
        "有几个令牌同名", "several tokens have this name", "用令牌的开头指明", "name one by its beginning"
    ),
    "token-name-length": entry(
        "令牌名应为 1 到 100 个字符",
        "a token's name takes 1 to 100 characters",
        "改短或补上",
        "shorten it, or give one",
    ),
    "expiry-past": entry(
        "到期时间已过", "the end lies in the past", "给出将来的时间", "give one in the future"
    ),
    "lasts-too-long": entry(
        "令牌有效期过长",
        "the token would last too long",
        "缩短，或由总管理员签发",
        "shorten it, or have it issued by an administrator of everything",
    ),
}
