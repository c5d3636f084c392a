"""What happens where and when: the table behind the incidents, one row a class."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CHANNELS", "HABITS", "HOT_SPOTS", "HOURS", "SEASONS", "WEEKS", "Habit", "habit_of"]


@dataclass(frozen=True)
class Habit:
    """How incidents of one class behave.

    Attributes
    ----------
    share : float
        How common, relative to the other classes.
    where : str
        "street", "home", "water", "hill", "beach", or component classes such as "0102 0103" to happen at.
    season : str
        Key of SEASONS.
    hours : str
        Key of HOURS.
    week : str
        Key of WEEKS.
    found : float
        Part that is found before anybody complains.
    words : str
        What is the matter, in Chinese; the class name when empty.
    """

    share: float
    where: str = "street"
    season: str = "even"
    hours: str = "day"
    week: str = "even"
    found: float = 0.6
    words: str = ""


SEASONS: dict[str, tuple[float, ...]] = {
    # January to December, about 1 on average.
    "even": (0.9, 0.8, 1.0, 1.05, 1.05, 1.05, 1.05, 1.05, 1.05, 1.05, 1.0, 0.95),
    "heating": (3.2, 2.3, 1.1, 0.12, 0.02, 0.02, 0.02, 0.02, 0.05, 0.35, 2.6, 2.9),
    "snow": (4.2, 3.4, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.6, 3.3),
    "rain": (0.15, 0.2, 0.35, 0.5, 0.7, 1.3, 3.6, 3.3, 1.1, 0.5, 0.3, 0.15),
    "summer": (0.35, 0.35, 0.5, 0.8, 1.2, 1.6, 2.1, 2.1, 1.2, 0.9, 0.5, 0.4),
    "tourist": (0.2, 0.3, 0.4, 0.8, 1.3, 1.4, 2.6, 2.8, 1.0, 1.1, 0.3, 0.2),
    "fire": (1.2, 1.6, 2.6, 2.9, 1.1, 0.4, 0.1, 0.1, 0.2, 0.5, 0.9, 1.0),
    "building": (0.5, 0.4, 1.0, 1.2, 1.3, 1.3, 1.2, 1.2, 1.2, 1.2, 1.1, 0.7),
    "leaves": (0.5, 0.4, 0.7, 0.9, 0.9, 0.9, 0.9, 0.9, 1.2, 1.9, 1.9, 0.9),
    "school": (0.5, 0.4, 0.7, 0.9, 1.4, 1.9, 1.8, 2.2, 1.5, 0.5, 0.4, 0.4),
    "wages": (2.4, 1.1, 0.6, 0.6, 0.7, 0.8, 0.8, 0.8, 0.8, 0.9, 1.1, 1.9),
}

HOURS: dict[str, tuple[float, ...]] = {
    # Midnight to eleven at night.
    "day": (
        0.1,
        0.05,
        0.05,
        0.05,
        0.1,
        0.4,
        1,
        2,
        3.4,
        4,
        4,
        3.2,
        1.8,
        2.4,
        3.4,
        3.6,
        3.2,
        2.4,
        1.4,
        1,
        0.8,
        0.5,
        0.3,
        0.2,
    ),
    "office": (
        0.02,
        0.01,
        0.01,
        0.01,
        0.02,
        0.1,
        0.4,
        1.5,
        4,
        5,
        4.6,
        3,
        1,
        2.4,
        4.2,
        4.2,
        3.2,
        1.4,
        0.6,
        0.4,
        0.3,
        0.2,
        0.1,
        0.05,
    ),
    "night": (
        2.2,
        1.2,
        0.7,
        0.4,
        0.4,
        0.6,
        0.9,
        0.8,
        0.7,
        0.7,
        0.7,
        0.8,
        1.3,
        1,
        0.7,
        0.7,
        0.9,
        1.4,
        2.2,
        3.2,
        4.2,
        4.8,
        4.4,
        3.4,
    ),
    "evening": (
        0.6,
        0.2,
        0.1,
        0.1,
        0.1,
        0.2,
        0.5,
        0.8,
        0.9,
        0.9,
        1,
        1.6,
        1.4,
        0.9,
        0.9,
        1.1,
        1.6,
        2.8,
        3.9,
        4.2,
        3.8,
        2.8,
        1.8,
        1,
    ),
    "rush": (
        0.2,
        0.1,
        0.1,
        0.1,
        0.2,
        0.6,
        1.8,
        4.2,
        4,
        2.4,
        1.8,
        1.8,
        1.6,
        1.5,
        1.7,
        2,
        2.8,
        4.2,
        3.8,
        2.2,
        1.3,
        0.9,
        0.6,
        0.3,
    ),
    "all": (
        0.9,
        0.8,
        0.7,
        0.7,
        0.7,
        0.8,
        1,
        1.1,
        1.2,
        1.2,
        1.2,
        1.1,
        1.1,
        1.1,
        1.1,
        1.1,
        1.1,
        1.1,
        1.1,
        1.1,
        1.1,
        1.1,
        1,
        1,
    ),
}

WEEKS: dict[str, tuple[float, ...]] = {
    # Monday to Sunday.
    "even": (1.08, 1.05, 1.03, 1.02, 1.0, 0.93, 0.89),
    "office": (1.35, 1.25, 1.2, 1.15, 1.1, 0.5, 0.45),
    "leisure": (0.8, 0.78, 0.8, 0.85, 1.05, 1.4, 1.32),
}

HABITS: dict[str, Habit] = {
    "0101": Habit(2.2, "home", "building", "office", "office", 0.55, "有人私搭乱建"),
    "0102": Habit(6.5, words="垃圾暴露无人清理"),
    "0103": Habit(3.2, words="积存建筑垃圾和渣土"),
    "0104": Habit(5.0, season="leaves", words="路面脏，需要清扫"),
    "0105": Habit(1.0, "water", "summer", words="水面有漂浮物和垃圾"),
    "0106": Habit(2.0, season="leaves", words="绿化带内有垃圾杂物"),
    "0107": Habit(0.7, words="有长期停放的废弃车辆"),
    "0108": Habit(1.0, "home", words="废弃沙发、柜子堆在路边"),
    "0109": Habit(0.6, words="树上挂有绳子和塑料袋"),
    "0110": Habit(3.6, season="rain", words="路面坑洼破损"),
    "0111": Habit(0.2, "0606", "rain", words="护岸破损"),
    "0112": Habit(1.2, season="building", words="渣土车沿路遗撒"),
    "0113": Habit(0.5, words="外墙面脏污脱落"),
    "0114": Habit(0.4, "water", "summer", week="leisure", words="有人下水游泳、垂钓"),
    "0115": Habit(0.9, "hill", "leaves", words="有人焚烧秸秆、树叶，冒浓烟"),
    "0116": Habit(1.6, season="summer", hours="evening", found=0.2, words="饭店油烟直排，味道很大"),
    "0117": Habit(0.4, words="路边有动物尸体"),
    "0118": Habit(0.6, "home", words="有人在院内养鸡养鸭"),
    "0201": Habit(3.4, words="墙面、电线杆上贴满小广告"),
    "0202": Habit(0.9, words="擅自设置广告牌"),
    "0203": Habit(1.6, words="广告牌占用人行道"),
    "0204": Habit(0.4, week="leisure", words="有人在路口散发传单"),
    "0205": Habit(0.6, "0307", "rain", words="招牌破损，有掉落危险"),
    "0301": Habit(2.4, "0602", "building", "night", found=0.1, words="工地夜间施工，影响休息"),
    "0302": Habit(1.7, "0602", "building", words="工地扬尘大，未覆盖未喷淋"),
    "0303": Habit(0.9, "0602", "building", words="施工废料堆在门外"),
    "0304": Habit(1.0, "0602", "building", words="施工围挡占道"),
    "0305": Habit(0.3, season="building", words="有人擅自开挖路面"),
    "0401": Habit(0.15, "0103 0102", "rain", "all", found=0.3, words="路面塌陷"),
    "0402": Habit(0.8, "2104", "even", "all", found=0.25, words="自来水管爆裂，大量跑水"),
    "0403": Habit(0.12, "2102", "even", "all", found=0.3, words="燃气管道被挖破，有漏气声"),
    "0404": Habit(3.6, "0102 0103 0104", "rain", found=0.3, words="下水道堵塞外溢"),
    "0405": Habit(0.5, "2103", "heating", "all", found=0.25, words="供热管道漏水，路面冒热气"),
    "0406": Habit(1.3, season="rain", hours="all", found=0.4, words="路面积水很深，车辆无法通行"),
    "0407": Habit(0.7, season="snow", hours="rush", found=0.5, words="路面积雪结冰，行人易滑倒"),
    "0408": Habit(0.9, "0117", "rain", found=0.5, words="架空线缆垂落"),
    "0409": Habit(0.05, "home", week="office", hours="office", found=0.5, words="多人聚集"),
    "0499": Habit(0.2, hours="all", words="突发情况"),
    "0501": Habit(4.4, season="summer", hours="evening", week="leisure", words="流动商贩占道经营"),
    "0502": Habit(0.2, words="有人员流浪乞讨，需要救助"),
    "0503": Habit(0.3, words="占道收购废品"),
    "0504": Habit(3.0, season="summer", hours="evening", words="店外摆放桌椅和货物"),
    "0505": Habit(6.0, season="even", hours="rush", words="机动车乱停，堵住通道"),
    "0506": Habit(3.0, hours="rush", words="共享单车、电动车乱停乱放"),
    "0507": Habit(2.6, words="路边乱堆物料"),
    "0508": Habit(1.1, season="summer", hours="evening", week="leisure", found=0.2, words="商铺音响噪音太大"),
    "0509": Habit(0.3, "beach", "tourist", "rush", words="黑车揽客"),
    "0510": Habit(1.5, "beach", "summer", "night", "leisure", 0.45, "露天烧烤，烟大吵闹"),
    "0511": Habit(0.5, season="summer", words="沿街晾晒衣物"),
    "3101": Habit(1.6, "home", hours="evening", found=0.15, words="与邻居因琐事发生纠纷"),
    "3102": Habit(0.8, "home", hours="evening", found=0.1, words="家庭矛盾需要调解"),
    "3103": Habit(4.6, "home", hours="office", week="office", found=0.04, words="反映物业管理不到位"),
    "3104": Habit(1.8, "home", "wages", "office", "office", 0.06, "反映拖欠工资"),
    "3105": Habit(0.7, "home", hours="office", week="office", found=0.08, words="反映拆迁安置问题"),
    "3106": Habit(0.6, "hill", hours="office", week="office", found=0.1, words="反映村集体账目不清"),
    "3107": Habit(1.8, "street", hours="office", found=0.03, words="消费后商家不履行合同"),
    "3108": Habit(0.12, "home", hours="office", week="office", found=0.05, words="对诊疗有异议"),
    "3109": Habit(0.15, "hill", hours="office", week="office", found=0.1, words="山林、养殖海域边界有争议"),
    "3110": Habit(0.2, "home", hours="office", week="office", found=0.2, words="反映历史遗留问题"),
    "3201": Habit(3.6, "home", "summer", "night", "leisure", 0.02, "楼上深夜噪音扰民"),
    "3202": Habit(5.2, "home", "heating", "evening", found=0.05, words="家中暖气不热，室温不达标"),
    "3203": Habit(1.6, "beach", "tourist", "day", "leisure", 0.03, "景区消费被多收费"),
    "3204": Habit(0.9, "home", found=0.01, words="网购商品有问题，商家不退款"),
    "3205": Habit(0.8, "home", found=0.01, words="快递丢失、不送上门"),
    "3206": Habit(1.3, "home", "school", "office", "office", 0.01, "咨询孩子入学问题"),
    "3207": Habit(1.8, "home", "summer", "all", found=0.04, words="突然停水停电"),
    "3208": Habit(2.2, "street", hours="rush", found=0.03, words="公交班次少，停车难"),
    "3301": Habit(1.2, "home", hours="office", week="office", found=0.85, words="检查发现安全生产隐患"),
    "3302": Habit(2.0, "home", found=0.75, words="楼道堆物堵塞消防通道"),
    "3303": Habit(0.35, "hill", "fire", "day", "leisure", 0.7, "山林有烟点"),
    "3304": Habit(0.2, "2101", "building", found=0.85, words="油气管线上方有机械施工"),
    "3305": Habit(0.3, "2101 2105", "even", "all", found=0.3, words="闻到油气异味，来源不明"),
    "3306": Habit(0.8, "home", found=0.85, words="出租房内住人、加工、仓储混在一处"),
    "3307": Habit(0.5, "water", "rain", "all", found=0.75, words="排水口堵塞，汛期有内涝危险"),
    "3401": Habit(0.6, "home", hours="night", found=0.4, words="发现可疑情况"),
    "3402": Habit(0.15, "home", hours="evening", found=0.5, words="需要上门关怀"),
    "3403": Habit(1.1, "street", hours="rush", found=0.45, words="路口视线被挡，存在交通安全隐患"),
}

HOT_SPOTS: tuple[tuple[str, str, tuple[str, ...], float], ...] = (
    # what, where it lies, classes that gather there, part of those classes that happens there
    ("夜市", "centre", ("0501", "0504", "0508"), 0.07),
    ("夜市", "centre", ("0501", "0510", "0102"), 0.05),
    ("农贸市场", "centre", ("0501", "0506", "0104"), 0.05),
    ("老旧小区", "home", ("3103", "3201", "0404"), 0.06),
    ("老旧小区", "home", ("3202", "0405", "3103"), 0.08),
    ("海水浴场", "beach", ("3203", "0505", "0510"), 0.12),
    ("低洼路口", "centre", ("0406", "3307"), 0.12),
    ("在建片区", "home", ("0301", "0302", "0112"), 0.08),
    ("储运片区", "oil", ("3305", "3304", "3301"), 0.10),
)

CHANNELS: dict[str, tuple[tuple[str, float], ...]] = {
    "complaint": (
        ("67712345热线", 0.38),
        ("12345政务服务便民热线", 0.29),
        ("微信公众号", 0.10),
        ("手机APP", 0.06),
        ("政务网站", 0.02),
        ("领导信箱", 0.015),
        ("来信来访", 0.015),
        ("110非警情", 0.05),
        ("社区窗口", 0.03),
        ("物业上报", 0.025),
        ("媒体反映", 0.005),
        ("代表委员建议", 0.01),
    ),
    "found": (
        ("网格员巡查", 0.62),
        ("专业部门巡查", 0.16),
        ("视频监控", 0.12),
        ("物联感知", 0.04),
        ("无人机巡查", 0.02),
        ("志愿者上报", 0.04),
    ),
}
"""Eighteen channels in all, by how an incident came to be known."""


def habit_of(code: str) -> Habit:
    """The habit of a class; "other" classes and unknown ones happen in the street now and then."""
    return HABITS.get(code, Habit(0.3))
