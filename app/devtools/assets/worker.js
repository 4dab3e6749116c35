// One worker holds the stream for all tabs of a browser: HTTP/1.1 has six
// connections for a site, and each stream would take one.
const tabs = new Set();

const stream = follow((name, data) => {
  for (const tab of tabs) tab.postMessage([name, data]);
});

onconnect = ({ ports: [tab] }) => {
  tab.onmessage = ({ data }) => {
    if (data === "bye") tabs.delete(tab);
    else {
      tabs.add(tab);
      stream.look();
    }
  };
};
