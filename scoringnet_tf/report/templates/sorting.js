// A click on a column's head sorts by it, a second one the other way; what has no value comes last.
const table = document.getElementById("ranking");
const heads = [...table.tHead.rows[0].cells];
heads.forEach((head, column) => {
  head.querySelector("button").addEventListener("click", () => {
    const rising = head.getAttribute("aria-sort") !== "ascending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", rising ? "ascending" : "descending");
    const value = (row) => row.cells[column].dataset.value;
    const number = head.classList.contains("number");
    const compare = (a, b) => {
      if (value(a) === "" || value(b) === "") return (value(a) === "") - (value(b) === "");
      const order = number ? value(a) - value(b) : value(a).localeCompare(value(b));
      return rising ? order : -order;
    };
    [...table.tBodies[0].rows].sort(compare).forEach((row) => table.tBodies[0].append(row));
  });
});
