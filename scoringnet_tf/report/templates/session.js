// A click on a column's head sorts by it, beginning where one looks first; a second click the other way round.
// What has no value comes last.
const table = document.getElementById("ranking");
const heads = [...table.tHead.rows[0].cells];
const other = { ascending: "descending", descending: "ascending" };
heads.forEach((head, column) => {
  head.querySelector("button")?.addEventListener("click", () => {
    const direction = other[head.getAttribute("aria-sort")] ?? head.dataset.first;
    heads.forEach((one) => one.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", direction);
    const value = (row) => row.cells[column].dataset.value;
    const numbers = head.dataset.as === "numbers";
    const compare = (a, b) => {
      if (value(a) === "" || value(b) === "") return (value(a) === "") - (value(b) === "");
      const order = numbers ? value(a) - value(b) : value(a).localeCompare(value(b), undefined, { numeric: true });
      return direction === "ascending" ? order : -order;
    };
    [...table.tBodies[0].rows].sort(compare).forEach((row) => table.tBodies[0].append(row));
  });
});
