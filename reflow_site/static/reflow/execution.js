// Follows one run: status, duration, counts and node colours. Never moves a row by itself.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
    const page = document.querySelector("[data-state-url]");
    if (!page || page.dataset.over === "true") return;
    const box = document.querySelector("[data-drawing]");
    const badge = document.getElementById("run-status");
    const live = document.getElementById("run-live");
    const more = document.getElementById("run-more");
    const rows = document.querySelectorAll("#event-rows tr[data-seq]").length;
    const shown = Number(page.dataset.lastSeq);
    const EVERY_MS = 1500;
    let failures = 0;

    function text(id, value) {
        const place = document.getElementById(id);
        if (place && place.textContent !== value) place.textContent = value;
    }

    function only(id, wanted) {
        const form = document.getElementById(id);
        if (form) form.hidden = !wanted;
    }

    function show(state) {
        badge.dataset.state = state.status;
        badge.textContent = state.status_text;
        text("run-duration", state.duration);
        text("run-nodes", state.nodes);
        text("run-events", String(state.last_seq));
        text("run-why", state.why);
        const why = document.getElementById("run-why");
        why.hidden = !state.why;
        if (state.why) why.parentElement.hidden = false;
        only("run-pause", state.can_pause);
        only("run-resume", state.can_resume);
        if (box && box.reflow) box.reflow.states(state.node_states);
        const fresh = state.last_seq - shown;
        if (rows === 0 && (fresh > 0 || state.over)) return void location.reload(); // nothing to move yet
        if (fresh > 0 || state.over) {
            more.hidden = false;
            more.textContent = state.over ? `Run is over: show its result and ${fresh} new events` : `Show ${fresh} new events`;
        }
        live.textContent = state.over ? "" : "live";
        if (!state.over) setTimeout(poll, EVERY_MS);
    }

    async function poll() {
        try {
            const answer = await fetch(page.dataset.stateUrl, { signal: AbortSignal.timeout(10000) });
            if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
            const state = await answer.json();
            failures = 0;
            show(state);
        } catch (error) {
            failures += 1;
            live.textContent = `not live: ${error.message}; trying again`;
            setTimeout(poll, Math.min(EVERY_MS * 2 ** failures, 30000));
        }
    }

    more.addEventListener("click", () => location.reload());
    poll();
});
