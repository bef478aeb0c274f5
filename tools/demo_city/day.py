"""A made-up working day of cases: what is reported, where, and how far each case gets."""
import random

from . import mesh, parts

COUNT = {"341824": 120}
FEW = 20
OPENS, ENDS = 8 * 3600 + 900, 17 * 3600 + 900       # seconds of the day

# Events: category, condition row of limits.csv, weight, what the reporter writes.
EVENTS = [
    ("0136", "1", 12, ["人行道上堆放纸箱、木板，约2平方米", "店铺门口堆放砂石，占用人行道"]),
    ("0401", "1", 9, ["流动摊贩在此摆摊卖水果", "三轮车停在路边售卖早点"]),
    ("0405", "1", 9, ["店铺将货架摆到门外经营", "饭店桌椅摆到人行道上"]),
    ("0110", "1", 9, ["墙角散落生活垃圾，有异味", "绿化带旁有袋装生活垃圾未清理"]),
    ("0410", "1", 8, ["多辆电动车停在盲道上", "非机动车乱停，占用人行道"]),
    ("0135", "1", 7, ["旧沙发弃置路边", "废旧床垫、柜子占道多日"]),
    ("0201", "1", 7, ["墙面张贴小广告约十处", "电线杆上喷涂办证小广告"]),
    ("0112", "1", 6, ["路面有积泥和油污，长约5米", "路面散落树叶和垃圾"]),
    ("0111", "1", 5, ["装修垃圾堆放在楼前，约1立方米", "拆除后的砖块渣土未清运"]),
    ("0107", "1", 4, ["在行道树之间拉绳晾晒被褥", "护栏上晾挂衣物"]),
    ("0113", "1", 4, ["路面破损约0.8平方米，露出基层"]),
    ("0113", "3", 3, ["路面有坑洼，深约4厘米，车辆颠簸"]),
    ("0406", "1", 4, ["占用桥头人行道设点卖菜", "广场边占道售卖玩具"]),
    ("0207", "1", 3, ["两树之间悬挂促销横幅", "路灯杆上挂有广告布条"]),
    ("0206", "1", 3, ["店招灯箱破旧，设置位置不符要求"]),
    ("0117", "1", 3, ["绿地内有塑料袋和枯枝"]),
    ("0118", "1", 2, ["修剪下来的树枝堆在路边未清"]),
    ("0119", "2", 2, ["树枝上挂着塑料布"]),
    ("0302", "1", 2, ["施工材料占用慢车道，未见审批牌"]),
    ("0304", "1", 2, ["工地出土未洒水，扬尘明显"]),
    ("0306", "1", 2, ["工地门口砂料未覆盖"]),
    ("0307", "2", 2, ["施工围挡倾倒一块"]),
    ("0312", "1", 2, ["渣土车出场带泥，污染路面约30米"]),
    ("0114", "1", 1, ["运输车撒落碎石约20米"]),
    ("0128", "1", 2, ["商铺门口音箱播放促销广告，声音很大"]),
    ("0130", "1", 2, ["餐馆向路面倾倒污水"]),
    ("0125", "1", 2, ["河面有漂浮塑料瓶和水草"]),
    ("0137", "1", 1, ["路边有一只死猫，需清理"]),
    ("0101", "1", 1, ["楼顶正在搭建彩钢棚"]),
    ("0503", "1", 2, ["排水管堵塞，污水外溢"]),
    ("0505", "1", 1, ["路面下陷，直径约60厘米"]),
    ("0508", "1", 1, ["架空线缆断落，垂到人行道"]),
]
# Parts: the same; the case stands at a part of this category.
PARTS = [
    ("0137", "3", 6, ["路灯不亮"]), ("0137", "2", 2, ["路灯检修门缺失，电线外露"]),
    ("0102", "1", 3, ["污水井盖位移，露出井口"]), ("0102", "3", 4, ["污水井盖松动，车过有响声"]),
    ("0103", "2", 3, ["雨水井盖边缘破损"]), ("0104", "5", 4, ["雨水箅子被树叶泥沙堵住"]),
    ("0101", "4", 3, ["上水井盖周边路面下沉"]), ("0305", "5", 4, ["果皮箱表面脏污"]),
    ("0305", "2", 3, ["垃圾箱箱体破损"]), ("0402", "1", 4, ["行道树倾斜，枝条折断"]),
    ("0402", "4", 3, ["行道树枝叶过低，妨碍行人"]), ("0404", "2", 3, ["树池箅子破损"]),
    ("0127", "3", 2, ["通信交接箱箱门敞开"]), ("0221", "1", 2, ["便道桩歪斜"]),
    ("0217", "2", 2, ["护栏被撞变形"]), ("0212", "1", 1, ["路名牌倾斜"]),
    ("0131", "2", 1, ["通信杆锈蚀明显"]), ("0307", "1", 1, ["店铺牌匾歪斜"]),
]
PART_SHARE = 0.21                # about one case in five is about a part

# source: who enters it, weight
SOURCES = [(("collector", "c-001"), 42), (("collector", "c-002"), 36), (("hotline", "a-001"), 9),
           (("public", "public"), 7), (("video", "a-001"), 3), (("leader", "a-001"), 1),
           (("sms", "public"), 1), (("media", "a-001"), 1)]

# how far: weight for a case of the morning, and of the day's last hour
STEPS = [("closed", 56, 4), ("checked", 5, 3), ("checking", 5, 5), ("disposed", 7, 10),
         ("disposing", 13, 22), ("dispatched", 4, 20), ("filed", 2, 12), ("accepted", 1, 10),
         ("reported", 0, 11), ("rejected", 4, 2), ("rework", 3, 1)]

SUFFIXES = ["居民委员会", "居委员会", "居委会", "村委会", "虚拟社区"]
ROADS = ["路", "街", "巷", "西路", "东路", "北街", "南街"]
SPOTS = ["门前", "对面", "东侧", "西侧", "路口", "旁"]


def _plain(name):
    """A community's name without the words for its committee: ('杨柳社区', '杨柳')."""
    for end in SUFFIXES:
        if name.endswith(end):
            name = name[:-len(end)]
            break
    bare = name[:-2] if name.endswith("社区") else name.rstrip("村")
    return name, bare or name


def address(rng, names, grid):
    """A made-up address out of the names of the place: road and number don't exist."""
    community, street = grid.code[:12], grid.code[:9]
    place, bare = _plain(names[community])
    if names[community].endswith("村委会"):
        return f"{names[street]}{bare}村{rng.choice(['村口', '村部旁', '主干道', '广场'])}"
    if names[street] in names[community]:                # a development zone: one virtual community
        place, bare = "", rng.choice(["创业", "兴业", "科技", "园区"])
    elif not place.endswith("社区"):
        place += "社区"
    number = rng.randrange(1, 160)
    return f"{names[street]}{place}{bare}{rng.choice(ROADS)}{number}号{rng.choice(SPOTS)}"


def _step(rng, second):
    """How far a case gets by the evening: the later it came, the less."""
    late = (second - OPENS) / (ENDS - OPENS)
    return parts.Chooser([(s, a + (b - a) * late) for s, a, b in STEPS]).draw(rng)


def _somewhere(rng, layers, grids):
    """A grid and a place in it: nearly always in the town, now and then in a village."""
    if rng.random() > 0.05:
        grid = grids.draw(rng)
        return grid, parts.kerb(rng, grid, rng.uniform(2, 9))
    grid = rng.choice([g for g in layers.grids if g.code[:12] not in layers.built])
    ring = rng.choice(grid.cells)                        # a cell is convex: the middle is inside
    return grid, (sum(p[0] for p in ring) // len(ring), sum(p[1] for p in ring) // len(ring))


def _grid_at(layers, p):
    return next(g for g in layers.built_grids() if mesh.inside(g.cells[0], p))


def _case(rng, layers, grids, by_category, second):
    """One case, reported at a second of the day."""
    (source, reporter), part = parts.Chooser(SOURCES).draw(rng), None
    if rng.random() < PART_SHARE:
        kind, rows = "part", [r for r in PARTS if r[0] in by_category]
    else:
        kind, rows = "event", EVENTS
    category, condition, _, texts = parts.Chooser([(r, r[2]) for r in rows]).draw(rng)
    if kind == "part":
        part = rng.choice(by_category[category])
        at = part["lon"], part["lat"]
        grid = _grid_at(layers, at)
    else:
        grid, at = _somewhere(rng, layers, grids)
    made = {"at": f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}",
            "reporter": reporter, "source": source, "kind": kind, "category": category,
            "condition": condition, "description": rng.choice(texts),
            "address": address(rng, layers.names, grid), "lon": at[0] / 1e7, "lat": at[1] / 1e7}
    if part:
        made["part"] = part["id"]
    made["steps"] = _step(rng, second)
    return made


def make(layers, its_parts, seed):
    """The day of a county: cases in the order of their report. `its_parts`: rows of parts.make."""
    rng = random.Random(f"day {seed} {layers.code}")
    by_category = {}
    for row in its_parts:
        by_category.setdefault(row["category"], []).append(row)
    grids = parts.busy(layers, rng)
    seconds = sorted(rng.sample(range(OPENS, ENDS), COUNT.get(layers.code, FEW)))
    return [_case(rng, layers, grids, by_category, s) for s in seconds]
