"""Excel and OpenDocument sheets (.xlsx .xls .xlsm .xlsb .ods), the first sheet with rows or `book.xlsx#Sheet`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from beside.core.cleaning import cell_text, clean
from beside.core.errors import BadInput
from beside.core.interfaces import RawRow, Refused

ENDINGS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")


class Spreadsheet:
    """One row per row; line numbers are those Excel shows. A sheet is held in memory (at most 1,048,576 rows)."""

    def takes(self, source: str) -> bool:
        """Whether the name ends like a spreadsheet, with or without `#Sheet`."""
        return split_name(source)[0].lower().endswith(ENDINGS)

    def notes(self, source: str) -> tuple[str, ...]:
        """Which sheet is read and which are not. Raises as `rows` does."""
        file, wanted = split_name(source)
        book = opened(Path(file))
        sheet = find_sheet(book, wanted)
        others = [name for name in book.sheet_names if name != sheet.name]
        return (f"Sheet '{sheet.name}' was read" + (f"; not read: {', '.join(others)}." if others else "."),)

    def rows(self, source: str) -> Iterator[RawRow | Refused]:
        """Rows below the header, the first row with two cells or more; empty rows are passed over.

        Raises:
            BadInput: no such file or sheet, or not a spreadsheet (a password makes it unreadable).
        """
        file, wanted = split_name(source)
        sheet = find_sheet(opened(Path(file)), wanted)
        header: list[str] | None = None
        for line, values in enumerate(sheet.iter_rows(), start=1):
            cells = [cell_text(value) for value in values]
            filled = sum(bool(cell.strip()) for cell in cells)
            if header is None and filled > 1:
                header = [clean(cell) or f"column {place}" for place, cell in enumerate(cells, start=1)]
            elif header is not None and filled:
                yield RawRow(line=line, cells=dict(zip(header, cells, strict=False)))


def split_name(source: str) -> tuple[str, str | None]:
    """File and sheet of `book.xlsx#Sheet`; a file that really has # in its name is taken whole."""
    file, mark, sheet = source.rpartition("#")
    return (file, sheet) if mark and not Path(source).exists() else (source, None)


def opened(file: Path) -> CalamineWorkbook:
    """The workbook.

    Raises:
        BadInput: no such file, or not a spreadsheet.
    """
    if not file.is_file():
        raise BadInput(f"There is no file '{file}'.", "Check the path.")
    try:
        return CalamineWorkbook.from_path(str(file))
    except (CalamineError, OSError) as error:
        hint = "Open it in Excel, remove any password and save it as .xlsx or 'CSV UTF-8'."
        raise BadInput(f"'{file.name}' cannot be read as a spreadsheet: {error}.", hint) from error


def find_sheet(book: CalamineWorkbook, wanted: str | None) -> CalamineSheet:
    """The sheet of that name, or the first with two rows or more.

    Raises:
        BadInput: there is no such sheet, or no rows at all.
    """
    names = book.sheet_names
    if wanted is not None and wanted not in names:
        raise BadInput(f"There is no sheet '{wanted}'.", f"Sheets: {', '.join(names)}.")
    for name in [wanted] if wanted is not None else names:
        try:
            sheet = book.get_sheet_by_name(name)
        except CalamineError:  # a chart or a macro sheet
            continue
        if sheet.height > 1:
            return sheet
    raise BadInput("No sheet has a header and a row below it.", f"Sheets: {', '.join(names)}.")


reader = Spreadsheet()
