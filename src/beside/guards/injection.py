"""The text tries to give a writing model other orders: known patterns of prompt injection, in Chinese and English."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from beside.core.guarding import Action, Reason
from beside.core.interfaces import Subject
from beside.guards._lookalikes import plain

GAP = r"[^.!?\n]{0,40}?"
HAN = r"[^。！？\n]"
ORDERS = r"(?:instructions?|prompts?|rules?|directions?|guidelines?|directives?|commands?|programming|context)"
BEFORE = r"(?:previous|prior|above|earlier|preceding|foregoing|initial|original|existing|system|your|all|any)"
FREE = r"(?:without (?:any )?(?:rules|restrictions|limits|filters)|no (?:rules|restrictions|limits|filters))"
MODES = r"(?:developer|god|debug|sudo|jailbreak|dan)"
RULES_ZH = r"(?:指令|指示|提示词?|命令|规则|设定|要求|约束|限制|规定|系统信息)"
BEFORE_ZH = r"(?:之前|以上|上面|上述|前面|先前|原来|原有|此前|所有|一切|系统|你的)"
DROP_ZH = r"(?:忽略|无视|忘记|忘掉|抛开|不要再?(?:理会|遵守|遵循|管)|别再?(?:管|理会|遵守)|跳过|推翻|取消|覆盖)(?:掉|了)?"
TELL_ZH = r"(?:输出|显示|打印|重复|复述|告诉我|展示|泄露|说出|列出|透露)"
FREE_ZH = r"(?:没有(?:任何)?(?:限制|约束|规则|道德)|不受(?:任何)?(?:限制|约束)|无限制|越狱|开发者模式|上帝模式|调试模式)"
# what is tried -> its Chinese name, patterns of it in plain form (_lookalikes.plain)
TRIED: dict[str, tuple[str, tuple[str, ...]]] = {
    "to take back earlier orders": (
        "推翻先前的指令",
        (
            rf"\b(?:ignore|disregard|forget|override|bypass|discard|drop|neglect|skip)\b{GAP}\b{BEFORE}\b{GAP}\b{ORDERS}\b",
            r"\b(?:ignore|disregard|forget)\s+(?:everything|all|anything)\s+(?:(?:that\s+)?(?:was|came|is|said|(?:you|i)\s+\w+(?:\s+been)?)\s+)?"
            r"(?:above|before|told|previous|prior|taught|earlier)\b",
            r"\b(?:new|updated|real)\s+(?:system\s+)?instructions?\s*(?::|follow|are)",
            rf"\b(?:do not|don't|stop)\s+(?:follow|obey)(?:ing)?\b{GAP}\b{BEFORE}\b{GAP}\b{ORDERS}\b",
            rf"{DROP_ZH}{HAN}{{0,14}}?{BEFORE_ZH}{HAN}{{0,14}}?{RULES_ZH}",
            rf"(?:从现在(?:开始|起)|接下来){HAN}{{0,12}}?(?:只|必须|一律|都)(?:听从?|服从|执行)(?:我的|以下|下面)",
        ),
    ),
    "to read its hidden orders": (
        "套取隐藏的提示词",
        (
            rf"\b(?:reveal|show|print|repeat|output|display|tell me|give me|leak|recite|write out|what (?:is|are|was|were))\b{GAP}"
            r"\b(?:system|hidden|initial|secret|internal|original|developer)\s+(?:prompt|instructions?|message|rules?)\b",
            rf"\b(?:repeat|print|output)\b{GAP}\b(?:words|text|everything|all)\s+above\b",
            rf"{TELL_ZH}{HAN}{{0,12}}?(?:系统|隐藏|初始|内部|原始|开发者)的?(?:提示词?|指令|设定|消息|规则|prompt)",
            rf"你(?:收到)?的(?:系统)?(?:提示词|初始指令|系统指令|system prompt){HAN}{{0,8}}?(?:是什么|发给我|给我|写出来|贴出来)",
        ),
    ),
    "to make it play without rules": (
        "让模型扮演不受约束的角色",
        (
            rf"\b(?:you are|you're|act as|pretend (?:to be|you are)|roleplay as|become)\b{GAP}"
            rf"\b(?:dan\b|jailbroken|unrestricted|uncensored|unfiltered|{FREE})",
            rf"\b{MODES}\s+mode\b{GAP}\b(?:on|enabled?|activated?|now)\b|\b(?:enter|enable|activate)\b{GAP}\b{MODES}\s+mode\b",
            r"\bdo anything now\b",
            rf"(?:你(?:现在)?是|扮演|假装(?:你是|成)?|充当|进入){HAN}{{0,16}}?{FREE_ZH}",
        ),
    ),
    "to speak in the system's name": (
        "冒充系统消息",
        (
            r"<\|?(?:im_start|im_end|system|endoftext|start_header_id|eot_id)\|?>|</system>",
            r"\[/?inst\]|<</?sys>>|\[system\]",
            r"(?:^|\n)\s*(?:#{2,}\s*)?(?:system|assistant|developer|系统|助手)\s*(?:message|prompt|消息|提示)?\s*:",
            r"(?:^|\n)\s*#{2,}\s*(?:new\s+)?(?:instructions?|response|指令|回答)\b\s*:?",
        ),
    ),
}
PATTERNS = {name: (chinese, re.compile("|".join(f"(?:{one})" for one in patterns))) for name, (chinese, patterns) in TRIED.items()}


class Injection:
    """Looks for wordings that are known from attacks (Perez & Ribeiro 2022; Greshake et al. 2023; Shen et al. 2024).

    Lookalike letters and invisible characters are undone before. A wording that nobody has listed passes: this is a net for what is
    common, and no proof that a text is harmless.
    """

    zh: ClassVar[str] = "文字试图给写作模型下达别的命令：已知的中英文提示注入写法。"
    default: ClassVar[Action] = "flag"

    def applies(self, subject: Subject) -> bool:
        return hasattr(subject, "decoded")  # it writes its answers; a label cannot be talked into anything else

    def why_not(self, subject: Subject) -> Reason | None:
        return None

    def judge(self, subject: Subject, texts: Sequence[str]) -> list[Reason | None]:
        return [reason(text) for text in texts]


def reason(text: str) -> Reason | None:
    """What a text tries, if anything."""
    read = plain(text)
    tried = [(name, chinese) for name, (chinese, pattern) in PATTERNS.items() if pattern.search(read)]
    if not tried:
        return None
    english, told = "; ".join(name for name, _ in tried), "；".join(chinese for _, chinese in tried)
    return Reason(f"It looks like an attempt at prompt injection: {english}.", f"疑似提示注入：{told}。")


guard = Injection()
