// PM2: `pm2 start config/deploy/ecosystem.config.cjs`, then `pm2 restart session-manager --update-env`, `pm2 logs`.
// Settings are SM_* variables of the shell that runs pm2 (see docs/settings.md), or a TOML file named by SM_CONFIG.
const path = require("node:path");

const root = path.resolve(__dirname, "..", "..");

module.exports = {
  apps: [
    {
      name: "session-manager",
      cwd: root,
      // Below cwd: a script with a space in it PM2 would take for a line of shell.
      script: ".venv/bin/session-manager",
      args: "serve",
      interpreter: "none",
      // One instance owns a data directory; a second one would refuse to start.
      exec_mode: "fork",
      instances: 1,
      // SIGINT goes to the service alone, which closes each Chromium gracefully. PM2's tree kill would end them first,
      // and a login that is a few seconds old could be lost.
      treekill: false,
      // Longer than SM_SHUTDOWN_TIMEOUT (15 s) and the 5 s after which a stop that hangs ends itself.
      kill_timeout: 25000,
      autorestart: true,
      // 2: impossible settings. Starting again would not help. `pm2 list` then says "waiting restart" with pid 0: PM2
      // waits for you.
      stop_exit_codes: [2],
      exp_backoff_restart_delay: 200,
      time: false,
      merge_logs: true,
    },
  ],
};
