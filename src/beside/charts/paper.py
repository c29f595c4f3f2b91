"""What all pictures share: colours of ink on paper, the words that charts say in each language, and ways to shorten labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from unicodedata import east_asian_width

import altair as alt

Say = Callable[[str], str]  # our own words in the reader's language

PAPER, INK, MUTED, HAIRLINE, ACCENT, WARNING = "#fbfaf6", "#1c1c1a", "#6b6b66", "#dedcd4", "#0f766e", "#b45309"
QUIET = "#b9b6aa"  # bars that are only there to compare with
MEASURED = "Liberation Sans"  # text is laid out with its widths, which Arial and Helvetica share
# as written into the SVG
FONTS = "Arial, Helvetica, 'Liberation Sans', 'PingFang SC', 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif"
WIDTH = 640  # pixels, whole picture

LANGUAGES = {  # of core/languages.py
    "English": "英语",
    "Chinese": "中文",
    "Japanese": "日语",
    "Korean": "韩语",
    "French": "法语",
    "German": "德语",
    "Spanish": "西班牙语",
    "Italian": "意大利语",
    "Portuguese": "葡萄牙语",
    "Dutch": "荷兰语",
    "Greek": "希腊语",
    "Hebrew": "希伯来语",
    "Thai": "泰语",
    "no letters": "没有文字",
    "Latin letters, language unclear": "拉丁字母，语言不明",
    "Cyrillic letters": "西里尔字母",
    "Arabic letters": "阿拉伯字母",
    "Indian scripts": "印度文字",
    "other letters": "其他文字",
}
WORDS = {  # language -> what our own checks and charts say
    "zh": {
        "accuracy": "准确率",
        "main score": "主要得分",
        "best constant answer": "总给同一答案",
        "one order for every query": "所有查询同一顺序",
        "TF-IDF + linear model": "TF-IDF + 线性模型",
        "this model": "本模型",
        "TF-IDF + logistic regression": "TF-IDF + 逻辑回归",
        "most frequent label": "最常见类别",
        "share of answers that flip": "答案翻转率",
        "case": "大小写",
        "spacing": "空格",
        "punctuation": "标点",
        "homophones": "同音字",
        "similar characters": "形近字",
        "full width and half width": "全角与半角",
        "traditional and simplified": "繁体与简体",
        "share of cases passed": "用例通过率",
        "error rate": "错误率",
        "mean shift of the probability": "概率的平均变化",
        "gender": "性别",
        "names": "姓名",
        "region": "地区",
        "age": "年龄",
        "religion": "宗教",
        "faithfulness of each explainer": "每种解释方法的忠实度",
        "occlusion": "遮挡法",
        "integrated gradients": "积分梯度",
        "gradient x input": "梯度乘输入",
        "right answer": "正确答案",
        "model's answer": "模型的回答",
        "most confused": "最常混淆（正确答案 → 模型的回答）",
        "of": "{hits} / {support} 条",
        "all labels": "全部 {labels} 个类别：每行一个正确答案，每列一个回答；绿色答对，棕色答错",
        "no mistakes": "测试数据中没有答错的行",
        "confidence": "置信度（答案的概率）",
        "share right": "实际答对的比例",
        "rows": "行数",
        "modest": "比自称的更准",
        "boastful": "不如自称的准",
        "epoch": "轮次",
        "loss": "训练损失",
        "score": "调优得分",
        "risk and coverage": "风险与覆盖率",
        "share answered": "作答的比例",
        "share wrong among the answered": "作答行中的错误比例",
        "tolerated risk": "可容忍的风险",
        "threshold": "阈值",
        "cost per row, in hand-overs": "每行的代价（以一次转交计）",
        "with the threshold": "按阈值作答",
        "always answering": "总是作答",
        "always handing over": "总是转交",
        "ROC curves, with AUROC": "ROC 曲线与 AUROC",
        "texts out of scope let through": "放过的范围外文本",
        "texts within scope let through": "放行的范围内文本",
        "let through of texts out of scope": "放行 95 % 范围内文本时放过的范围外文本",
        "by chance": "随机猜",
        "energy": "能量分数",
        "maximum softmax": "最大 softmax 概率",
        "Mahalanobis distance": "马氏距离",
        "nearest training rows": "最近的训练行",
        "parts of the Brier score": "Brier 分数的组成",
        "Brier score": "Brier 分数",
        "reliability (added)": "校准误差（加）",
        "resolution (taken off)": "分辨力（减）",
        "uncertainty of the labels (added)": "标签本身的不确定性（加）",
        "accuracy by slice": "各片的准确率",
        "all rows": "全部行",
        "length: up to {high} tokens": "长度：至多 {high} 个词元",
        "length: {low} to {high} tokens": "长度：{low} 到 {high} 个词元",
        "length: {low} tokens or more": "长度：{low} 个词元以上",
        "language: {language}": "语言：{language}",
        "{group}: {value}": "{group}：{value}",
        "importance of each knob": "每个参数的重要性（fANOVA，占得分方差的比例）",
        "trial": "试验",
        "{metric} on the tune split": "调优数据上的 {metric}",
        "best so far": "目前最好",
        "its recipe, mean of {n} fresh seeds": "该配方，{n} 个新种子的平均",
        "without a search, mean of {n} seeds": "不搜索时，{n} 个种子的平均",
        "hollow: pruned": "空心：提前终止",
        "score on the tune split against what was trained": "调优数据上的得分与训练的参数份额",
        "share of the parameters that was trained": "训练的参数占全部参数的比例",
        "macro_f1": "宏平均 F1",
        "times as fast as the parent": "速度是原模型的几倍",
        "size, speed and score on the tune split": "大小、速度与调优数据上的得分",
        "parent": "原模型",
        "exposure of canaries": "金丝雀的泄露程度",
        "planted": "植入的",
        "never planted": "从未植入的",
        "guessing replaced values, 0.5 = chance": "猜测被替换的值，0.5 = 随机",
        "replaced values guessed at once": "一次猜中的被替换值",
        "with the model": "借助模型",
        "Guessing canaries": "猜测金丝雀",
        "false alarms among canaries never planted": "在从未植入的金丝雀中的误报",
        "planted canaries found": "识破的植入金丝雀",
        "guessing": "随机猜",
        "masked": "打码的值",
        **LANGUAGES,
    },
    "en": {
        "most confused": "most confused (right answer → model's answer)",
        "of": "{hits} of {support}",
        "all labels": "all {labels} labels: a row per right answer, a column per answer; green is right, brown is wrong",
        "no mistakes": "no row of the test data was answered wrongly",
        "confidence": "confidence (probability of the answer)",
        "modest": "right more often than it says",
        "boastful": "right less often than it says",
        "loss": "training loss",
        "score": "tune score",
        "importance of each knob": "importance of each knob (fANOVA, share of the scores' variance)",
        "let through of texts out of scope": "texts out of scope that are let through with 95 % of those within",
    },
}


def rows_of(rows: Sequence[dict[str, Any]]) -> Any:
    return alt.Data(values=list(rows))


def saying(language: str) -> Say:
    """Our own words in a language; what has none is said as it is."""
    words = WORDS.get(language, WORDS["en"])
    return lambda text: words.get(text, text)


def named(item: dict[str, Any], say: Say) -> str:
    """The name of a bar, line or mark; its `values` fill in the placeholders, a language by its own word."""
    values = item.get("values")
    if not values:
        return say(item["name"])
    return say(item["name"]).format(**{key: say(value) if key == "language" else value for key, value in values.items()})


def shortened(labels: Sequence[str], longest: int) -> list[str]:
    """Labels with their middle left out where they are too long, since beginnings are often alike; still all different."""
    short = [cut(label, longest) for label in labels]
    return [one if short.count(one) == 1 else label for one, label in zip(short, labels, strict=True)]


def width_of(text: str) -> int:
    """How wide a text is, in letters; a Chinese character is as wide as two."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def cut(label: str, longest: int) -> str:
    """The label's two ends around an ellipsis; a Chinese character is as wide as two letters."""
    widths = [width_of(char) for char in label]
    if sum(widths) <= longest:
        return label
    head = tail = 0
    while sum(widths[: head + 1]) + sum(widths[len(label) - tail :]) < longest:
        head += 1
        if sum(widths[:head]) + sum(widths[len(label) - tail - 1 :]) < longest:
            tail += 1
    return f"{label[:head]}…{label[len(label) - tail :]}"


def mixed(colour: str, strength: float) -> str:
    """A colour thinned with paper; strength 0..1."""
    parts = [(int(PAPER[i : i + 2], 16), int(colour[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(paper + (ink - paper) * strength):02x}" for paper, ink in parts)
