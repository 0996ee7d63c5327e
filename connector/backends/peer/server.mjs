// A backend in the way of many: JSON over ws, with habits that a client must bear.
// It takes options as one argument of JSON, and commands as lines of JSON on stdin, with
// which it ends. On stdout it tells its port, each time that it listens, and its counts.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { WebSocketServer } from 'ws';

const { lifeMs, graceMs, authMs, pingMs } = JSON.parse(process.argv[2]);
const tell = (line) => process.stdout.write(JSON.stringify(line) + '\n');
const counts = { logins: 0, refused: 0, refreshes: 0, logouts: 0, opened: 0, open: 0 };
const count = (name, by = 1) => {
  counts[name] += by;
  tell({ counts });
};

const parse = (text) => {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
};

// Of a login only the newest access token works. Its refresh token lasts.
const logins = new Map(); // by refresh token: { name, access, until }
const revoked = new Set();
const valid = (access) => [...logins.values()].find((l) => l.access === access && l.until > Date.now());
const issue = (refresh, name) => {
  const login = { name, access: randomUUID(), until: Date.now() + lifeMs };
  logins.set(refresh, login);
  return { accessToken: login.access, expiresInMs: lifeMs };
};

const routes = {
  // No is said with status 200, and the tokens are nested, their life in milliseconds.
  'POST /login': ({ name, password }) => {
    if (name !== 'ann' || password !== 'secret' || revoked.has(name)) {
      count('refused');
      return [200, { error: 'wrong name or password' }];
    }
    count('logins');
    const refreshToken = randomUUID();
    return [200, { data: { ...issue(refreshToken, name), refreshToken, user: { name } } }];
  },
  // Of calls at the same time each is answered with 200, but only one token works.
  'POST /refresh': ({ refresh_token }) => {
    const login = logins.get(refresh_token);
    if (!login) return [401, { error: 'unknown refresh token' }];
    count('refreshes');
    return [200, { data: issue(refresh_token, login.name) }];
  },
  // It only says so: tokens and sockets live on.
  'POST /logout': () => (count('logouts'), [200, {}]),
  'GET /me': (_, login) => (login ? [200, { name: login.name }] : [401, { error: 'unknown access token' }]),
};

const server = createServer(async (request, response) => {
  let text = '';
  for await (const part of request) text += part;
  const route = routes[`${request.method} ${request.url}`] ?? (() => [404, { error: 'not found' }]);
  const [status, body] = route(parse(text), valid(request.headers.authorization?.slice('Bearer '.length)));
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
});

// Protocol pings are not answered.
const wss = new WebSocketServer({ server, autoPong: false, maxPayload: 1 << 20 });
const held = []; // what is pushed, until somebody is subscribed
const deliver = () => {
  const subscribers = [...wss.clients].filter((client) => client.readyState === client.OPEN && client.subscriptions.size > 0);
  if (subscribers.length > 0) held.splice(0).forEach((text) => subscribers.forEach((client) => client.tell(text)));
};

wss.on('connection', (socket, { url }) => {
  const ordered = url === '/ordered'; // no ids: answers come in the order of requests
  const send = (message) => socket.readyState === socket.OPEN && socket.send(JSON.stringify(message));
  const answer = (request, body) => send(ordered ? body : { id: String(request.id), ...body }); // numbers come back as texts
  const fail = (error) => send({ op: 'error', error }); // without the id
  // Whatever is wrong with auth, it is the same message, and a close without a code.
  const refuse = () => (fail('auth_failed'), socket.close());
  let name; // of the user, from auth on
  let timer = setTimeout(refuse, authMs);
  let waits = false; // for the answer to a ping
  const pings = setInterval(() => {
    if (waits) return socket.terminate();
    if ((waits = name !== undefined)) send({ op: 'ping' });
  }, pingMs);
  socket.subscriptions = new Map(); // by id: a second one with the same id takes its place
  socket.tell = (text) => socket.subscriptions.forEach(() => send({ op: 'event', text }));
  socket.leave = (who) => who === name && refuse();
  const operations = {
    auth: (m) => {
      const login = valid(m.token);
      clearTimeout(timer);
      if (!login) return refuse();
      name = login.name;
      timer = setTimeout(() => {
        send({ op: 'token_expired', seconds: graceMs / 1000 }); // to be answered with auth
        timer = setTimeout(refuse, graceMs);
      }, login.until - Date.now());
      answer(m, { op: 'auth', name });
    },
    subscribe: (m) => {
      if (m.topic !== 'news') return fail('no_such_topic');
      socket.subscriptions.set(m.id, m.topic);
      if (ordered) answer(m, { op: 'subscribe' }); // /ws says nothing
      deliver();
    },
    echo: (m) => (m.text ? answer(m, { op: 'echo', text: m.text }) : fail('empty')),
    // The event comes before the answer, in one frame, and the id as it was sent.
    say: (m) => {
      wss.clients.forEach((client) => client !== socket && client.tell(m.text));
      const events = [...socket.subscriptions].map(() => ({ op: 'event', text: m.text }));
      send([...events, { op: 'say', ...(ordered ? {} : { id: m.id }) }]);
    },
    ping: () => send({ op: 'pong' }),
    pong: () => (waits = false),
  };
  const perform = (m) => (name || m.op === 'auth' ? (operations[m.op] ?? (() => fail('unknown_op')))(m) : refuse());
  let turn = Promise.resolve(); // of /ordered: an answer that is late holds up those behind it
  socket.on('message', (data) => {
    const m = parse(data);
    const late = () => m.lateMs && new Promise((resolve) => setTimeout(resolve, m.lateMs));
    turn = Promise.resolve(ordered ? turn.then(late) : late()).then(() => perform(m));
  });
  socket.on('error', () => {}); // a close follows
  socket.on('close', () => (clearTimeout(timer), clearInterval(pings), count('open', -1)));
  counts.opened++;
  count('open');
});

const commands = {
  counts: (told) => tell({ counts, told }),
  push: (text) => held.push(text) && deliver(),
  revoke: (name) => {
    revoked.add(name);
    logins.forEach((login, refresh) => login.name === name && logins.delete(refresh));
    wss.clients.forEach((client) => client.leave(name));
  },
  restart: () => {
    const { port } = server.address();
    server.close(() => server.listen(port, '127.0.0.1'));
    server.closeAllConnections();
    wss.clients.forEach((client) => client.terminate());
  },
};
createInterface({ input: process.stdin })
  .on('line', (line) => Object.entries(JSON.parse(line)).forEach(([name, value]) => commands[name](value)))
  .on('close', () => process.exit());
server.on('listening', () => tell({ port: server.address().port })).listen(0, '127.0.0.1');
