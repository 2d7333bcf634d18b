// Checks the graph's JSON while it is edited: draws it and lists every problem.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
    const editor = document.querySelector("textarea[data-check-url]");
    if (!editor) return;
    const list = document.getElementById("graph-problems");
    const box = document.querySelector("[data-drawing]");
    const token = editor.form.querySelector("[name=csrfmiddlewaretoken]").value;
    let timer = 0;
    let newest = 0;

    function note(kind, parts) {
        const line = document.createElement("li");
        line.className = "rf-note";
        line.dataset.kind = kind;
        parts.filter((part) => part.text).forEach((part) => {
            const piece = document.createElement(part.strong ? "strong" : "span");
            piece.textContent = part.text; // never HTML: names come from the graph
            line.append(piece, " ");
        });
        return line;
    }

    function show(answer) {
        const lines = answer.problems.map((problem) => note(problem.severity, [
            { text: problem.severity === "warning" ? "Warning." : "Problem.", strong: true },
            { text: `${problem.where}: ${problem.message}` },
            { text: problem.hint && `(${problem.hint})` },
        ]));
        if (!answer.problems.some((problem) => problem.severity === "error")) {
            lines.unshift(note("good", [{ text: answer.summary }]));
        }
        list.replaceChildren(...lines);
        if (answer.drawing && !answer.drawing.omitted && box.reflow) box.reflow.show(answer.drawing);
    }

    async function check() {
        const mine = ++newest;
        try {
            const answer = await fetch(editor.dataset.checkUrl, {
                method: "POST",
                headers: { "X-CSRFToken": token, "Content-Type": "application/json" },
                body: editor.value,
                signal: AbortSignal.timeout(15000),
            });
            if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
            const found = await answer.json();
            if (mine === newest) show(found); // a slower, older answer is dropped
        } catch (error) {
            if (mine === newest) list.replaceChildren(note("warning", [{ text: `Not checked: ${error.message}. Saving checks again.` }]));
        }
    }

    editor.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(check, 400); });
    editor.addEventListener("keydown", (event) => {
        if (event.key !== "Tab" || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
        if (editor.dataset.tab === "leave") return; // Escape, then Tab: out of the field by keyboard
        event.preventDefault();
        editor.setRangeText("  ", editor.selectionStart, editor.selectionEnd, "end");
        editor.dispatchEvent(new Event("input"));
    });
    editor.addEventListener("keydown", (event) => { editor.dataset.tab = event.key === "Escape" ? "leave" : ""; });
    check();
});
