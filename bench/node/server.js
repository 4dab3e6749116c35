'use strict';
// The stack that we come from, as it was set up there: node server.js resave.
// With "read" it saves only what has changed.
const crypto = require('node:crypto');
const express = require('express');
const session = require('express-session');
const PgStore = require('connect-pg-simple')(session);
const pg = require('pg');

const resave = process.argv[2] === 'resave';
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
pool.on('error', console.error);

const app = express();
app.set('trust proxy', 1);
app.disable('x-powered-by');
app.set('views', __dirname);
app.set('view engine', 'ejs');
app.locals.initial = (name) => [...name][0].toUpperCase();
app.locals.day = (time) => time.toISOString().slice(0, 10);
app.locals.iso = (time) => time.toISOString();
app.locals.date = (time) => `${time.getUTCDate()} ${months[time.getUTCMonth()]} ${time.getUTCFullYear()}`;
app.locals.overdue = (day) => Date.now() - day > 24 * 3600 * 1000;
app.locals.ago = (time) => {
  const minutes = Math.floor((Date.now() - time) / 60000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} minutes ago`;
  return minutes < 24 * 60 ? `${Math.floor(minutes / 60)} hours ago` : app.locals.date(time);
};
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

app.use(session({
  secret: 'the secret of a benchmark, no other',
  resave,
  saveUninitialized: resave,
  cookie: { secure: true, maxAge: 7 * 24 * 3600 * 1000, httpOnly: true, sameSite: 'lax' },
  store: new PgStore({ pool, createTableIfMissing: true, disableTouch: !resave }),
}));

app.get('/login', (req, res, next) => {
  req.session.regenerate((err) => {
    if (err) return next(err);
    req.session.userId = Number(req.query.id);
    req.session.csrf = crypto.randomBytes(32).toString('base64url');
    res.send('ok');
  });
});

app.get('/dashboard', async (req, res, next) => {
  try {
    const id = req.session.userId;
    if (!id) return res.redirect('/login');
    const user = await pool.query('SELECT id, email, name, role, created_at FROM users WHERE id = $1', [id]);
    if (!user.rows[0]) return res.redirect('/login');
    const due = await pool.query('SELECT id, title, due_on FROM notes WHERE user_id = $1 AND due_on IS NOT NULL ORDER BY due_on, id LIMIT 5', [id]);
    const latest = await pool.query('SELECT id, title, pinned, updated_at FROM notes WHERE user_id = $1 ORDER BY updated_at DESC, id DESC LIMIT 5', [id]);
    res.render('dashboard', { user: user.rows[0], due: due.rows, latest: latest.rows });
  } catch (err) { next(err); }
});

const [host, port] = process.env.ADDR.split(':');
app.listen(Number(port), host);
