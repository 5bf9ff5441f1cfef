// biome-ignore-all lint/a11y/useSemanticElements: the elements of a table cannot be placed one by one, as a list of which a part is drawn needs.
// biome-ignore-all lint/a11y/useFocusableInteractive: the row has the focus, not its cells.
import { defaultRangeExtractor, useVirtualizer } from "@tanstack/react-virtual";
import {
  type FocusEvent,
  type KeyboardEvent,
  type MouseEvent,
  memo,
  type ReactNode,
  startTransition,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { useTranslations } from "use-intl";
import { DownIcon, UpIcon } from "./icons.js";
import { ShortcutKey } from "./shortcuts.js";
import styles from "./table.module.css";
import { useStableRows } from "./use-stable-rows.js";

export interface Column<Row> {
  /** Names the column in the URL and in the sorting. */
  readonly id: string;
  readonly header: string;
  /** A width of CSS grids: `120px`, `minmax(160px, 2fr)`. Default: `minmax(80px, 1fr)`. */
  readonly width?: string;
  /** Rows may be ids: a cell that reads its own values from a store is drawn alone when they change. */
  readonly cell: (row: Row) => ReactNode;
  readonly isSortable?: boolean;
  readonly align?: "end";
  /** The column is shown from this width of the table on, in pixels. Default: always. */
  readonly from?: number;
  /** The actions of the row. Their clicks do not open the row. */
  readonly isAction?: boolean;
}

interface Sorting {
  readonly column: string;
  readonly descending: boolean;
}

export interface TableProps<Row> {
  /** Says what the rows are, for screen readers. */
  readonly label: string;
  /** Filtered and sorted by the screen. */
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** Says whose row it is, for screen readers. */
  readonly nameOf: (row: Row) => string;
  readonly columns: readonly Column<Row>[];
  /** A row in two lines, in place of the columns, on a phone. */
  readonly narrow?: (row: Row) => ReactNode;
  readonly sorting?: Sorting | undefined;
  readonly onSort?: (sorting: Sorting) => void;
  /** The keys of the chosen rows. Without it, rows cannot be chosen. */
  readonly selection?: ReadonlySet<string>;
  readonly onSelect?: (selection: ReadonlySet<string>) => void;
  /** Called when a row is clicked, or Enter is pressed on it. */
  readonly onOpen?: (row: Row) => void;
  /** The key of the row that is open beside the table. */
  readonly openKey?: string | undefined;
  /** The filters as a text. When they or the sorting change, rows are arranged again, even under the pointer. */
  readonly arrangement?: string;
  /** Stands in place of rows if there are none. */
  readonly empty?: ReactNode;
}

/** The width of a table, in pixels, below which it shows rows in two lines. */
const NARROW = 560;
const ROW_HEIGHT = 32;
const NARROW_ROW_HEIGHT = 52;
const HEAD_HEIGHT = 29;

interface RowProps<Row> {
  readonly row: Row;
  readonly rowKey: string;
  readonly name: string;
  readonly index: number;
  readonly top: number;
  readonly columns: readonly Column<Row>[];
  readonly narrow: ((row: Row) => ReactNode) | undefined;
  readonly isActive: boolean;
  readonly isOpen: boolean;
  /** Undefined: rows cannot be chosen. */
  readonly isSelected: boolean | undefined;
  readonly onClick: (event: MouseEvent, index: number) => void;
  readonly onCheck: (index: number, isRange: boolean) => void;
}

function TableRow<Row>({
  row,
  rowKey,
  name,
  index,
  top,
  columns,
  narrow,
  isActive,
  isOpen,
  isSelected,
  onClick,
  onCheck,
}: RowProps<Row>) {
  const t = useTranslations("common.table");
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid handles the keys of its rows.
    <div
      role="row"
      className={styles.row}
      data-key={rowKey}
      data-open={isOpen || undefined}
      aria-rowindex={index + 2}
      {...(isSelected !== undefined && { "aria-selected": isSelected })}
      tabIndex={isActive ? 0 : -1}
      style={{ transform: `translateY(${top}px)` }}
      onClick={(event) => onClick(event, index)}
    >
      {isSelected !== undefined && (
        <span role="gridcell" className={styles.check}>
          <input
            type="checkbox"
            tabIndex={-1}
            aria-label={t("select", { name })}
            checked={isSelected}
            onClick={(event) => {
              event.stopPropagation();
              onCheck(index, event.shiftKey);
            }}
            // The click does it, because it knows the shift key.
            onChange={() => undefined}
          />
        </span>
      )}
      {narrow ? (
        <span role="gridcell" className={styles.narrow}>
          {narrow(row)}
        </span>
      ) : (
        columns.map(({ id, cell, align, isAction }) => (
          <span
            key={id}
            role="gridcell"
            className={styles.cell}
            data-align={align}
            data-action={isAction || undefined}
          >
            {cell(row)}
          </span>
        ))
      )}
    </div>
  );
}

// Safe: `memo` loses the type parameter, and draws the same component.
const MemoRow = memo(TableRow) as unknown as typeof TableRow;

/**
 * A table of any number of rows, of which it draws those in sight. Rows stand still while the person points at them or has the focus in
 * them; a button then says how many would change. Arrows, j and k move, Enter opens, Space and x choose, Shift extends, Ctrl+A chooses all.
 */
export function Table<Row>({
  label,
  rows: wanted,
  keyOf,
  nameOf,
  columns: allColumns,
  narrow: narrowRow,
  sorting,
  onSort,
  selection,
  onSelect,
  onOpen,
  openKey,
  arrangement = "",
  empty,
}: TableProps<Row>) {
  const t = useTranslations("common.table");
  const [scroller, setScroller] = useState<HTMLDivElement | null>(null);
  const [width, setWidth] = useState(0);
  const [isPointedAt, setIsPointedAt] = useState(false);
  const [hasFocus, setHasFocus] = useState(false);
  const order = `${arrangement}\n${sorting?.column}\n${sorting?.descending}`;
  const { rows, changed, show } = useStableRows(wanted, keyOf, isPointedAt || hasFocus, order);

  const isNarrow = narrowRow !== undefined && width > 0 && width < NARROW;
  const columns = useMemo(
    () => allColumns.filter(({ from = 0 }) => width === 0 || width >= from),
    [allColumns, width],
  );
  // Each frame of a scroll draws the table again.
  const keys = useMemo(() => rows.map(keyOf), [rows, keyOf]);
  const height = isNarrow ? NARROW_ROW_HEIGHT : ROW_HEIGHT;
  const canSelect = selection !== undefined && onSelect !== undefined;
  // Two lines need no header, but a box that chooses all.
  const hasHead = !isNarrow || canSelect;
  const headHeight = hasHead ? HEAD_HEIGHT : 0;
  const [activeKey, setActiveKey] = useState<string>();
  const activeIndex = Math.max(0, activeKey === undefined ? 0 : keys.indexOf(activeKey));
  const anchor = useRef(0);

  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller,
    estimateSize: () => height,
    overscan: 8,
    // The header stands on top of the rows while they move below it.
    scrollMargin: headHeight,
    scrollPaddingStart: headHeight,
    getItemKey: useCallback((index: number) => keys[index] ?? index, [keys]),
    // The row with the focus stays in the page, or the focus would be lost when it is scrolled out of sight.
    rangeExtractor: (range) => {
      const inSight = defaultRangeExtractor(range);
      return inSight.includes(activeIndex) || activeIndex >= rows.length
        ? inSight
        : [...inSight, activeIndex].sort((one, other) => one - other);
    },
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows of another height are measured again.
  useEffect(() => virtualizer.measure(), [virtualizer, height]);
  // The first rows are hundreds of components. As a transition they are drawn in slices, between which the page answers.
  const [hasRows, setHasRows] = useState(false);
  useEffect(() => startTransition(() => setHasRows(true)), []);
  // The width says which columns the rows have. So it is there with the first of them, or they would be drawn twice.
  const attach = useCallback((element: HTMLDivElement | null) => {
    setScroller(element);
    setWidth(element?.clientWidth ?? 0);
  }, []);
  useEffect(() => {
    if (!scroller) return;
    const observer = new ResizeObserver(() => setWidth(scroller.clientWidth));
    observer.observe(scroller);
    return () => observer.disconnect();
  }, [scroller]);

  // Rows are drawn once for each change of theirs, so what they call stays the same.
  const latest = useRef({ rows, keys, selection, onSelect, onOpen });
  latest.current = { rows, keys, selection, onSelect, onOpen };

  const keysBetween = useCallback(
    (from: number, to: number): readonly string[] =>
      latest.current.keys.slice(Math.min(from, to), Math.max(from, to) + 1),
    [],
  );
  const onCheck = useCallback(
    (index: number, isRange: boolean) => {
      const { keys, selection, onSelect } = latest.current;
      const own = keys[index];
      if (!selection || !onSelect || own === undefined) return;
      const next = new Set(selection);
      const isOn = !next.has(own);
      for (const key of isRange ? keysBetween(anchor.current, index) : [own])
        if (isOn || isRange) next.add(key);
        else next.delete(key);
      anchor.current = index;
      onSelect(next);
    },
    [keysBetween],
  );
  const onClick = useCallback(({ target }: MouseEvent, index: number) => {
    const { rows, keys, onOpen } = latest.current;
    const row = rows[index];
    if (row === undefined) return;
    setActiveKey(keys[index]);
    anchor.current = index;
    // A button or link in a cell does its own.
    if (target instanceof Element && target.closest("a, button, input, [data-action]")) return;
    onOpen?.(row);
  }, []);

  const wantsFocus = useRef(false);
  const focusRow = (index: number) => {
    const key = keys[index];
    if (key === undefined) return;
    setActiveKey(key);
    virtualizer.scrollToIndex(index);
    wantsFocus.current = true;
  };
  // After the drawing that has the row in it.
  useEffect(() => {
    if (!wantsFocus.current) return;
    wantsFocus.current = false;
    scroller?.querySelector<HTMLElement>("[role=row][tabindex='0']")?.focus({ preventScroll: true });
  });
  /** Moves from the row with the focus. Without one, returns to the row that had it last. */
  const step = (by: number) =>
    focusRow(hasFocus ? Math.min(rows.length - 1, Math.max(0, activeIndex + by)) : activeIndex);
  const onKeyDown = (event: KeyboardEvent) => {
    const { target, key, shiftKey, ctrlKey, metaKey } = event;
    if (!(target instanceof HTMLElement) || !target.matches("[role=row]")) return;
    const page = Math.max(1, Math.floor((scroller?.clientHeight ?? 0) / height) - 1);
    const steps: { readonly [Key in string]?: number } = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -rows.length,
      End: rows.length,
    };
    const step = steps[key];
    const row = rows[activeIndex];
    if (step !== undefined) {
      const next = Math.min(rows.length - 1, Math.max(0, activeIndex + step));
      if (shiftKey && selection && onSelect)
        onSelect(new Set([...selection, ...keysBetween(activeIndex, next)]));
      focusRow(next);
    } else if (key === "Enter" && row !== undefined && onOpen) onOpen(row);
    else if (key === " " && selection) onCheck(activeIndex, shiftKey);
    else if (key === "a" && (ctrlKey || metaKey) && selection && onSelect) onSelect(new Set(keys));
    else return;
    event.preventDefault();
  };
  const onBlur = ({ currentTarget, relatedTarget }: FocusEvent<HTMLElement>) => {
    if (!currentTarget.contains(relatedTarget)) setHasFocus(false);
  };

  const selected = useMemo(
    () => (canSelect && selection.size > 0 ? keys.filter((key) => selection.has(key)).length : 0),
    [canSelect, selection, keys],
  );
  const shownColumns = isNarrow ? [] : columns;
  const template = [
    ...(canSelect ? ["28px"] : []),
    ...(isNarrow ? ["minmax(0, 1fr)"] : columns.map(({ width = "minmax(80px, 1fr)" }) => width)),
  ].join(" ");

  if (wanted.length === 0 && rows.length === 0 && empty !== undefined) return empty;
  return (
    <div
      className={styles.frame}
      onPointerEnter={({ pointerType }) => setIsPointedAt(pointerType === "mouse")}
      onPointerLeave={() => setIsPointedAt(false)}
    >
      <ShortcutKey keys="j" label={t("next")} run={() => step(1)} />
      <ShortcutKey keys="k" label={t("before")} run={() => step(-1)} />
      {canSelect && (
        <ShortcutKey
          keys="x"
          label={t("choose")}
          run={() => {
            // A row that the person does not see is not chosen.
            if (hasFocus) onCheck(activeIndex, false);
            else step(0);
          }}
        />
      )}
      <div
        role="grid"
        aria-label={label}
        aria-rowcount={rows.length + 1}
        aria-colcount={shownColumns.length + Number(canSelect) + Number(isNarrow)}
        {...(canSelect && { "aria-multiselectable": true })}
        ref={attach}
        className={styles.grid}
        style={{ "--columns": template, "--row-height": `${height}px` } as object}
        onKeyDown={onKeyDown}
        onFocus={() => setHasFocus(true)}
        onBlur={onBlur}
      >
        <div role="rowgroup" className={styles.head} hidden={!hasHead}>
          <div role="row" aria-rowindex={1} className={styles.header}>
            {canSelect && (
              <span role="columnheader" className={styles.check}>
                <input
                  type="checkbox"
                  aria-label={t("selectAll")}
                  checked={rows.length > 0 && selected === rows.length}
                  ref={(input) => {
                    if (input) input.indeterminate = selected > 0 && selected < rows.length;
                  }}
                  onChange={({ currentTarget }) => onSelect(new Set(currentTarget.checked ? keys : []))}
                />
              </span>
            )}
            {isNarrow && (
              <span role="columnheader" className={styles.cell}>
                {columns[0]?.header}
              </span>
            )}
            {shownColumns.map(({ id, header, align, isSortable, isAction }) => {
              const isSorted = sorting?.column === id;
              return (
                <span
                  key={id}
                  role="columnheader"
                  className={styles.cell}
                  data-align={align}
                  {...(isSorted && { "aria-sort": sorting.descending ? "descending" : "ascending" })}
                >
                  {isSortable && onSort ? (
                    <button
                      type="button"
                      className={styles.sort}
                      onClick={() =>
                        onSort({ column: id, descending: isSorted ? !sorting.descending : false })
                      }
                    >
                      {header}
                      {isSorted && (sorting.descending ? <DownIcon size={12} /> : <UpIcon size={12} />)}
                    </button>
                  ) : (
                    <span className={isAction ? styles.hidden : undefined}>{header}</span>
                  )}
                </span>
              );
            })}
          </div>
        </div>
        <div role="rowgroup" className={styles.body} style={{ height: virtualizer.getTotalSize() }}>
          {(hasRows ? virtualizer.getVirtualItems() : []).map(({ index, start }) => {
            const row = rows[index];
            const key = keys[index];
            if (row === undefined || key === undefined) return null;
            return (
              <MemoRow
                key={key}
                row={row}
                rowKey={key}
                name={nameOf(row)}
                index={index}
                top={start - headHeight}
                columns={columns}
                narrow={isNarrow ? narrowRow : undefined}
                isActive={index === activeIndex}
                isOpen={key === openKey}
                isSelected={canSelect ? selection.has(key) : undefined}
                onClick={onClick}
                onCheck={onCheck}
              />
            );
          })}
        </div>
      </div>
      {changed > 0 && (
        <button type="button" className={styles.changed} onClick={show}>
          {t("changed", { count: changed })}
        </button>
      )}
    </div>
  );
}
