/** Says whether one of some texts contains what a person searches for. An empty search finds all. */
export const matching = (search: string) => {
  const wanted = search.trim().toLocaleLowerCase();
  return (...texts: readonly string[]): boolean =>
    wanted === "" || texts.some((text) => text.toLocaleLowerCase().includes(wanted));
};
