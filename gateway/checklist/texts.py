"""Every sentence of the checklist, in English and Spanish: one table, and `say`.

Rule of this file: both sentences of a row name the same fields; codes, states and settings stay as they are.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gateway.checklist.results import RESULTS
from gateway.checklist.titles import TITLES


class Language(StrEnum):
    """What --lang names; its place in a row of the table."""

    EN = "en"
    ES = "es"


REPORT: dict[str, tuple[str, str]] = {
    "preconditions": ("1. Pre-conditions", "1. Condiciones previas"),
    "deploy": ("2. Deploy", "2. Despliegue"),
    "functional": ("3. Functional tests", "3. Pruebas funcionales"),
    "configuration": ("4. Production configuration", "4. Configuración de producción"),
    "verification": ("5. Verification after the deploy", "5. Verificación posterior al despliegue"),
    "passed": ("passed", "aprobado"),
    "failed": ("failed", "fallido"),
    "skipped": ("skipped", "omitido"),
    "report.title": ("session-manager: deploy checklist", "session-manager: lista de control del despliegue"),
    "report.step": ("Step", "Paso"),
    "report.command": ("Command", "Comando"),
    "report.result": ("Result", "Resultado"),
    "report.time": ("Time", "Tiempo"),
    "report.verdict": ("Verdict", "Veredicto"),
    "report.summary": (
        "{passed} passed, {failed} failed, {skipped} skipped",
        "{passed} aprobados, {failed} fallidos, {skipped} omitidos",
    ),
    "report.accepted": ("failed, but accepted by the operator", "fallido, pero aceptado por el operador"),
    "report.rollback": (
        "Something failed. To roll back: {command}",
        "Algo falló. Para volver a la versión anterior: {command}",
    ),
}
TABLE: dict[str, tuple[str, str]] = {**REPORT, **TITLES, **RESULTS}


def say(language: Language, text: str, **fields: Any) -> str:
    """The sentence, with its fields filled in; a field that is missing or None shows as "–"."""
    sentence = TABLE[text][0 if language is Language.EN else 1]
    return sentence.format_map(_Fields({name: "–" if value is None else value for name, value in fields.items()}))


class _Fields(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "–"
