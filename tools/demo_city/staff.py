"""Units, who owns what, and the account plan. All made up; no name is a person's."""

# id, name after the county's name, unit above it
PROFESSIONAL = [
    ("u-cg", "城管执法局", None), ("u-zj", "住建局", None), ("u-jt", "交警大队", None),
    ("u-sz", "市政工程处", "u-zj"), ("u-yl", "园林绿化所", "u-cg"), ("u-hw", "环卫所", "u-cg"),
    ("u-ld", "路灯管理所", "u-zj"), ("u-sw", "水务公司", None), ("u-gd", "供电公司", None),
    ("u-dx", "电信公司", None),
]

# Class-code prefix -> unit; the longest prefix that fits wins. A part always has an owner. An
# event that fits no prefix isn't professional: it falls to the territory (layer duties).
OWNERS = {
    "part": {
        "01": "u-sz", "0101": "u-sw", "0105": "u-gd", "0106": "u-ld", "0107": "u-dx",
        "0108": "u-dx", "0109": "u-dx", "0110": "u-zj", "0111": "u-zj", "0112": "u-jt",
        "0113": "u-sw", "0114": "u-yl", "0115": "u-jt", "0117": "u-gd", "0118": "u-hw",
        "0119": "u-sw", "0121": "u-zj", "0125": "u-sw", "0127": "u-dx", "0128": "u-gd",
        "0129": "u-gd", "0130": "u-gd", "0131": "u-dx", "0136": "u-zj", "0137": "u-ld",
        "0138": "u-ld", "0139": "u-ld", "0140": "u-cg", "0141": "u-dx", "0147": "u-gd",
        "0148": "u-gd", "0149": "u-zj", "0150": "u-jt", "0151": "u-jt", "0154": "u-gd",
        "0157": "u-zj", "02": "u-jt", "0204": "u-zj", "0206": "u-sz", "0207": "u-sz",
        "0208": "u-sz", "0209": "u-sz", "0211": "u-sz", "0212": "u-sz", "0213": "u-sz",
        "0220": "u-sz", "0221": "u-sz", "0224": "u-sz", "0225": "u-cg", "0226": "u-cg",
        "0229": "u-sz", "0230": "u-sw", "03": "u-hw", "0306": "u-cg", "0307": "u-cg",
        "0308": "u-cg", "0309": "u-zj", "0310": "u-zj", "0311": "u-zj", "0312": "u-zj",
        "0313": "u-zj", "04": "u-yl", "05": "u-zj", "0506": "u-sw", "0507": "u-sw",
        "0508": "u-sw",
    },
    "event": {
        "0101": "u-cg", "0102": "u-cg", "0103": "u-sz", "0108": "u-dx", "0112": "u-hw",
        "0113": "u-sz", "0114": "u-cg", "0116": "u-jt", "0117": "u-yl", "0118": "u-yl",
        "0121": "u-yl", "0122": "u-yl", "0125": "u-sw", "0126": "u-sw", "0127": "u-cg",
        "0128": "u-cg", "0129": "u-cg", "0131": "u-hw", "0137": "u-hw", "02": "u-cg",
        "03": "u-zj", "0302": "u-cg", "0303": "u-sz", "0311": "u-cg", "0312": "u-cg",
        "04": "u-cg", "0409": "u-jt", "05": "u-sz", "0501": "u-sw", "0502": "u-zj",
        "0504": "u-zj", "0508": "u-dx",
    },
}

# user, name, role: the same plan for every county
POSTS = [
    ("c-001", "采集员一", "collector"), ("c-002", "采集员二", "collector"),
    ("a-001", "受理员一", "acceptor"), ("z-001", "值班长一", "chief"),
    ("p-001", "派遣员一", "dispatcher"), ("x-001", "协调员一", "coordinator"),
    ("l-001", "领导一", "leader"), ("r-001", "考评员一", "reviewer"),
    ("r-002", "考评员二", "reviewer"), ("s-001", "审计员一", "auditor"),
    ("admin", "管理员", "admin"), ("g-001", "规则起草人一", "rule_author"),
    ("h-001", "规则批准人一", "rule_approver"),
]


def owner(kind, category):
    """The unit that owns a class, by the longest prefix; None: the territory."""
    table = OWNERS[kind]
    fits = [prefix for prefix in table if category.startswith(prefix)]
    return table[max(fits, key=len)] if fits else None


def _territorial(name):
    """What the body that runs a street is called."""
    if name.endswith("街道"):
        return name + "办事处"
    return name + ("人民政府" if name[-1] in "镇乡" else "管理委员会")


def units(layers):
    """The units of a county: the professional ones, and one for each street that answers for
    a responsibility area."""
    place, made = layers.names[layers.code], []
    for uid, name, parent in PROFESSIONAL:
        unit = {"id": uid, "name": place + name, "kind": "professional"}
        if parent:
            unit["parent"] = parent
        unit["categories"] = {kind: [p for p in sorted(table) if table[p] == uid]
                              for kind, table in OWNERS.items()}
        made.append(unit)
    for uid in sorted({d.props["unit"] for d in layers.duties}):
        made.append({"id": uid, "name": _territorial(layers.names[uid[2:]]),
                     "kind": "territorial"})
    return made


def city_units():
    """The city holds no cases: one unit, its centre."""
    return [{"id": "u-zx", "name": "市城市管理监督指挥中心", "kind": "centre"}]


def people(its_units):
    """The accounts of a county: every post, and one for each unit."""
    posts = [{"user": u, "name": name, "roles": [role]} for u, name, role in POSTS]
    return posts + [{"user": u["id"] + "-1", "name": u["name"] + "经办员", "roles": ["unit"],
                     "unit": u["id"]} for u in its_units]


def city_people():
    """The city's accounts: no collectors, no units."""
    return [{"user": u, "name": name, "roles": [role], "unit": "u-zx"}
            for u, name, role in POSTS if role != "collector"]
