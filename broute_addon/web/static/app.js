"use strict";

const byId = (id) => document.getElementById(id);

function show(id, text) {
  const element = byId(id);
  element.textContent = text || "";
  element.hidden = !text;
}

function shown(value) {
  if (value === null) return "–";
  if (typeof value === "boolean") return value ? "ON" : "OFF";
  if (/^\d{4}-\d\d-\d\dT/.test(value)) return new Date(value).toLocaleString(document.documentElement.lang);
  return String(value);
}

function row(value) {
  const tr = document.createElement("tr");
  if (value.is_main) tr.className = "main";
  for (const text of [value.name, shown(value.value), value.unit]) {
    const td = document.createElement("td");
    td.textContent = text;
    tr.append(td);
  }
  tr.title = shown(value.at);
  return tr;
}

function render(state) {
  byId("step").textContent = state.step;
  byId("step").dataset.connection = state.connection;
  show("problem", state.problem);
  byId("notices").replaceChildren(...state.notices.map((text) => {
    const li = document.createElement("li");
    li.textContent = text;
    return li;
  }));
  byId("notices").hidden = state.notices.length === 0;
  byId("stick").textContent = state.stick
    ? `${state.stick.dialect} ${state.stick.firmware} (${state.stick.port})` : "–";
  const radio = state.radio && state.radio.rssi_dbm !== null ? `, ${state.radio.rssi_dbm} dBm` : "";
  byId("meter").textContent = state.meter
    ? `${state.meter.maker || "?"} ${state.meter.uid}${radio}` : "–";
  byId("values").replaceChildren(...state.values.map(row));
  byId("read-now").disabled = !state.is_reading;
}

const events = new EventSource("api/events");
events.onmessage = (event) => {
  byId("offline").hidden = true;
  render(JSON.parse(event.data));
};
events.onerror = () => { byId("offline").hidden = false; };

byId("read-now").addEventListener("click", () => fetch("api/command/read-now", {
  method: "POST",
  headers: { "Content-Type": "application/json", "X-BRoute": "1" },
  body: "{}",
}));
