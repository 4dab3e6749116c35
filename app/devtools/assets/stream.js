// follow holds a stream of events, and tells each one with its data. It returns
// what to do when somebody looks at the page again, and when nobody does any
// more. A computer that slept, or a network that changed, leaves a stream silent.
function follow(tell) {
  const now = {}; // what a stream's greeting would say
  let source, heard, failures = 0, paused = false;

  function connect() {
    if (paused) return;
    source?.close();
    heard = Date.now();
    source = new EventSource("/_dev/events");
    for (const name of ["hello", "page", "asset", "build", "fault", "mended", "beat"]) {
      source.addEventListener(name, ({ data }) => hear(name, JSON.parse(data)));
    }
    source.onerror = () => {
      source.close();
      heard = Infinity;
      // The program restarts, and is back soon; or nobody works on it any more.
      setTimeout(connect, failures === 0 ? 0 : failures < 200 ? 50 : 1000);
      failures++;
    };
  }

  function hear(name, data) {
    heard = Date.now();
    failures = 0;
    if (name === "fault") now.fault = data;
    else if (name === "mended") now.fault = null;
    else if (name !== "beat") Object.assign(now, data);
    if (name !== "beat") tell(name, data);
  }

  function reconnectAfter(silence) {
    if (Date.now() - heard > silence) connect();
  }

  connect();
  setInterval(() => reconnectAfter(40_000), 5000);
  return {
    look() {
      if (now.version) tell("hello", now);
      if (paused) {
        paused = false;
        connect();
      } else {
        reconnectAfter(20_000);
      }
    },
    pause() {
      paused = true;
      source.close();
      heard = Infinity;
    },
  };
}
