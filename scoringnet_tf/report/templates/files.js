// What a page gives away: files, and each of its tables as CSV for spreadsheets, to which no name may be a formula.
const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const plain = (text) => text.replace(/^(?=[=@]|[+-](?![\d. ±]*[a-z°/²]*$))/, "'");
const csvOf = (rows) => `${rows.map((row) => row.map((cell) => quoted(String(cell))).join(",")).join("\r\n")}\r\n`;

function download(name, content) {
  const link = Object.assign(document.createElement("a"), { download: name, href: URL.createObjectURL(content) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

document.querySelectorAll(".table table").forEach((table) => {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "keep", textContent: "Save table (CSV)" });
  button.addEventListener("click", () => {
    const rows = [...table.rows].map((row) => [...row.cells].filter((cell) => !cell.hidden && !cell.matches(".link"))
      .map((cell) => plain(cell.innerText.replace(/\s+/g, " ").trim())));
    download(`${document.title} ${table.closest(".table").ariaLabel}.csv`, new Blob(["\ufeff", csvOf(rows)], { type: "text/csv" }));
  });
  table.closest(".table").after(button);
});
