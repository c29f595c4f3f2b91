"""What only a person can say of a model and its text: one question per field, with its help, in English and Chinese.

A release prints each answer with its author and date, or that it was not written yet. The letters in brackets are the points of
Annex IV of Regulation (EU) 2024/1689 that an answer belongs to; "data" fields follow Gebru et al. 2021, Datasheets for Datasets.
"""

from __future__ import annotations

from typing import NamedTuple

LANGUAGES = ("en", "zh")


class Question(NamedTuple):
    """One field: the question and what a good answer holds, in each language."""

    key: str
    en: tuple[str, str]
    zh: tuple[str, str]

    def asked(self, language: str) -> str:
        """The question."""
        return (self.zh if language == "zh" else self.en)[0]

    def help(self, language: str) -> str:
        """What a good answer holds."""
        return (self.zh if language == "zh" else self.en)[1]


QUESTIONS = (
    Question(
        "intended_purpose",
        ("What is it for?", "The task, who uses it, on which texts, in which setting, and what happens with its answers. [1a]"),
        ("它的用途是什么？", "做什么事、谁来用、用于哪些文本、在什么场合，以及回答之后会发生什么。[1a]"),
    ),
    Question(
        "responsible",
        ("Who is responsible?", "The organisation that answers for it, with its address, and the person inside it. [1a]"),
        ("由谁负责？", "对它负责的机构及地址，以及机构内的负责人。[1a]"),
    ),
    Question(
        "contact",
        ("Whom does one ask or tell?", "An address for questions, complaints and reports of incidents that somebody reads."),
        ("向谁询问或报告？", "有人查看的地址，用于询问、投诉与事件报告。"),
    ),
    Question(
        "interaction",
        ("What does it work together with?", "Hardware, software and other AI systems that it is not part of, but talks to. [1b]"),
        ("它与什么一起工作？", "与之交互而又不属于它的硬件、软件和其他人工智能系统。[1b]"),
    ),
    Question(
        "deployment",
        ("In which form, and on which machines?", "Package, service or device; the hardware it is meant to run on. [1d, 1e]"),
        ("以何种形式、在什么机器上运行？", "软件包、服务或设备；它打算运行于其上的硬件。[1d, 1e]"),
    ),
    Question(
        "instructions",
        ("How is it to be used?", "What the people beside it see and do: the interface and the instructions for use. [1g, 1h]"),
        ("应当怎样使用？", "与它并肩工作的人看到什么、做什么：界面与使用说明。[1g, 1h]"),
    ),
    Question(
        "foreseeable_misuse",
        ("How could it be misused?", "Uses that can be foreseen and are not meant, and what they would do to people. [3]"),
        ("它可能被怎样误用？", "可以预见但并非本意的使用，以及会给人带来什么后果。[3]"),
    ),
    Question(
        "affected",
        ("Whom does it affect?", "People and groups whose texts it reads or about whom its answers decide something. [3]"),
        ("它影响到谁？", "其文本被它读取、或因它的回答而受到影响的人和群体。[3]"),
    ),
    Question(
        "oversight",
        ("Who watches over it, and how?", "Who may stop or overrule it, when they must, and what they are taught for it. [2e, 3]"),
        ("由谁监督，怎样监督？", "谁可以叫停或推翻它、何时必须这样做，以及为此接受什么培训。[2e, 3]"),
    ),
    Question(
        "inputs",
        ("Which texts may be put in?", "Language, length, kind and source of the texts; what has to be taken out before. [3]"),
        ("可以输入哪些文本？", "文本的语言、长度、种类和来源；事先必须去掉什么。[3]"),
    ),
    Question(
        "metrics_choice",
        ("Why these metrics and limits?", "What each kind of mistake costs, and why the metrics and limits fit this use. [4]"),
        ("为何选这些指标与界限？", "每种错误的代价，以及为何这些指标与界限适合此用途。[4]"),
    ),
    Question(
        "risks",
        ("Which risks were found, and what is done?", "Risks to health, safety and rights; measures; what remains. [5]"),
        ("发现了哪些风险，采取了什么措施？", "对健康、安全和权利的风险；措施；仍然存在的风险。[5]"),
    ),
    Question(
        "cybersecurity",
        ("How is it protected from attack?", "Access, network, updates, backups, and who looks after them. [2h]"),
        ("怎样防范攻击？", "访问权限、网络、更新、备份，以及由谁负责。[2h]"),
    ),
    Question(
        "changes",
        ("Which changes are planned?", "Changes that were decided in advance, and how it stays compliant through them. [2f, 6]"),
        ("计划了哪些变更？", "事先决定的变更，以及变更后如何继续符合要求。[2f, 6]"),
    ),
    Question(
        "standards",
        ("Which standards were applied?", "Harmonised standards and others, in full or in part; else what is done instead. [7]"),
        ("采用了哪些标准？", "全部或部分采用的协调标准及其他标准；若无，说明如何满足要求。[7]"),
    ),
    Question(
        "declaration",
        ("Where is the declaration of conformity?", "Its number, date and place, or why none is needed. [8]"),
        ("符合性声明在哪里？", "编号、日期和存放处；若不需要，说明理由。[8]"),
    ),
    Question(
        "monitoring_plan",
        ("How is it watched in use?", "What is measured after the start, how often, by whom, and what happens at which value. [9]"),
        ("使用中怎样监测？", "启用后测量什么、多久一次、由谁、到什么数值时做什么。[9]"),
    ),
    Question(
        "data_motivation",
        ("Why was the text gathered?", "For which purpose, by whom, and who paid for it."),
        ("为什么收集这些文本？", "为了什么目的、由谁、由谁出资。"),
    ),
    Question(
        "data_composition",
        ("What do the rows stand for?", "What one row is, whom the rows represent, what is missing, what is sensitive in them."),
        ("每一行代表什么？", "一行是什么、代表哪些人、缺少什么、其中哪些内容敏感。"),
    ),
    Question(
        "data_collection",
        ("How and when was it gathered?", "Source, period, way of choosing, and whether the people knew."),
        ("怎样、何时收集的？", "来源、时间段、选取方式，以及当事人是否知情。"),
    ),
    Question(
        "data_labelling",
        ("Who gave the labels?", "People or rules, their instructions, how they were trained and paid, how far they agreed."),
        ("标签由谁给出？", "由人还是规则、依据什么说明、怎样培训和付酬、彼此一致到什么程度。"),
    ),
    Question(
        "legal_basis",
        ("On which legal basis is it processed?", "GDPR Art. 6 or PIPL Art. 13: consent, contract, duty, ...; rights to the text."),
        ("依据什么合法基础处理？", "例如《个人信息保护法》第十三条、GDPR 第 6 条；同意、合同、法定义务；文本的权利。"),
    ),
    Question(
        "necessity",
        (
            "Is it necessary, and in proportion?",
            "Why less text, or text of nobody, would not do; that it fits the purpose. GDPR 35, PIPL 56.",
        ),
        (
            "是否必要、是否相称？",
            "为何不能用更少、或不涉及个人的文本；与目的是否相称。《个人信息保护法》第五十六条。",
        ),
    ),
    Question(
        "impact_assessment",
        ("Was the impact on people assessed?", "Impact assessment (GDPR Art. 35, PIPL Art. 55-56): where it is, what it says."),
        ("是否评估过对人的影响？", "个人信息保护影响评估（《个人信息保护法》第五十五、五十六条；GDPR 第 35 条）：存放处与结论。"),
    ),
    Question(
        "data_uses",
        ("For what else may the text be used?", "Uses that are allowed, and uses that must not happen."),
        ("这些文本还可以用于什么？", "允许的用途，以及绝不可以的用途。"),
    ),
    Question(
        "data_distribution",
        ("Who gets the text?", "Inside and outside the organisation, under which terms and licence; transfer abroad."),
        ("这些文本给谁？", "机构内外、依据什么条款与许可；是否出境。"),
    ),
    Question(
        "retention",
        ("How long is it kept?", "When text and model are deleted, by whom, and how a person's rows are erased."),
        ("保存多久？", "文本和模型何时删除、由谁删除，以及怎样删除某个人的行。"),
    ),
    Question(
        "data_maintenance",
        ("Who keeps it up to date?", "Who corrects errors, how often, and how older versions are kept."),
        ("由谁维护？", "谁来改正错误、多久一次、旧版本怎样保存。"),
    ),
)
KEYS = tuple(question.key for question in QUESTIONS)
