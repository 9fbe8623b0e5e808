"""What steps found, or why they were skipped, English and Spanish."""

from __future__ import annotations

RESULTS: dict[str, tuple[str, str]] = {
    # Why a step is not played
    "need.service": ("the service does not answer", "el servicio no responde"),
    "need.key": ("needs a valid key (--key)", "requiere una clave válida (--key)"),
    "need.local": (
        "the service's process cannot be seen from here",
        "el proceso del servicio no es visible desde aquí",
    ),
    "need.settings": ("the service's settings cannot be read", "no se puede leer la configuración del servicio"),
    "need.hosting": ("not asked for (--restart)", "no solicitado (--restart)"),
    "need.client": ("needs a test client's number (--client)", "requiere un cliente de prueba (--client)"),
    "need.destructive": ("not asked for (--destructive)", "no solicitado (--destructive)"),
    "need.sandbox": (
        "the service is not known to use a sandbox (--sandbox)",
        "no consta que el servicio use un sandbox (--sandbox)",
    ),
    # Anywhere
    "seen.error": ("{why}", "{why}"),
    "seen.not_in_time": (
        "{what}: not within {seconds} s; last seen: {last}",
        "{what}: no en {seconds} s; lo último visto: {last}",
    ),
    # Pre-conditions
    "seen.python": ("Python {version}", "Python {version}"),
    "seen.python_old": ("Python {version}; 3.11 is needed", "Python {version}; se necesita 3.11"),
    "seen.versions": ("{versions}", "{versions}"),
    "seen.versions_differ": (
        "{theirs} runs, {ours} is installed: restart the service",
        "corre {theirs}, está instalada {ours}: reinicie el servicio",
    ),
    "seen.versions_no_browser": ("the browser has not started: {versions}", "el navegador no inició: {versions}"),
    "seen.port": ("process {pid}", "proceso {pid}"),
    "seen.port_taken": ("process {pid} listens there: {program}", "allí escucha el proceso {pid}: {program}"),
    "seen.settings": ("given: {given}", "definidas: {given}"),
    "seen.settings_wrong": ("{why}", "{why}"),
    "seen.settings_unseen": (
        "{why}; run it as the service's user or root, on its host or in its container",
        "{why}; ejecútela como el usuario del servicio o root, en su servidor o en su contenedor",
    ),
    "seen.chromium": ("{path}: {said}", "{path}: {said}"),
    "seen.chromium_broken": ("{path} does not run: {said}", "{path} no se ejecuta: {said}"),
    "seen.no_chromium": ("none of {names} was found", "no se encontró {names}"),
    "seen.disk": ("{free} GiB free", "{free} GiB libres"),
    "seen.disk_low": ("{free} GiB free; at least {least} are needed", "{free} GiB libres; hacen falta {least}"),
    "seen.memory": ("{free} GiB available", "{free} GiB disponibles"),
    "seen.memory_low": (
        "{free} GiB available; at least {least} are needed",
        "{free} GiB disponibles; hacen falta {least}",
    ),
    "seen.database": ("whole, {size} MiB", "íntegra, {size} MiB"),
    "seen.database_broken": ("damaged: {why}", "dañada: {why}"),
    "seen.database_elsewhere": ("it is on a server of its own", "está en un servidor propio"),
    # Deploy
    "seen.health": ("{state}; clients: {counts}", "{state}; clientes: {counts}"),
    "seen.health_stranger": ("{state}, as strangers see it", "{state}, visto por extraños"),
    "seen.health_bad": ("not ok: {state}; clients: {counts}", "no está ok: {state}; clientes: {counts}"),
    "seen.restarted": ("process {before} → {after}", "proceso {before} → {after}"),
    "seen.not_restarted": ("nothing was restarted", "no se reinició nada"),
    "seen.resumed": ("clients: {count}, without a QR", "clientes: {count}, sin QR"),
    "seen.one_instance": ("process {pid} owns the data directory", "el proceso {pid} posee el directorio de datos"),
    "seen.other_owner": (
        "process {owner} owns the data directory, process {pid} listens",
        "el proceso {owner} posee el directorio de datos, escucha el {pid}",
    ),
    "seen.stop_time": ("{seconds} s; more than {least} s are needed", "{seconds} s; hacen falta más de {least} s"),
    "seen.stop_time_short": (
        "only {seconds} s; more than {least} s are needed",
        "solo {seconds} s; hacen falta más de {least} s",
    ),
    "seen.keeper_says_nothing": ("`{command}` does not tell", "`{command}` no lo informa"),
    # Functional
    "seen.headers": ("MISSING_HEADER, INVALID_HEADER", "MISSING_HEADER, INVALID_HEADER"),
    "seen.headers_bad": (
        "X-Cliente-Id {value} was answered {seen}, not 400 {wanted}",
        "X-Cliente-Id {value} recibió {seen}, no 400 {wanted}",
    ),
    "seen.unknown": ("client {client} is NOT_INITIALIZED", "el cliente {client} está NOT_INITIALIZED"),
    "seen.unknown_bad": ("client {client} is {state}", "el cliente {client} está {state}"),
    "seen.unknown_known": ("client {client} is in use", "el cliente {client} está en uso"),
    "seen.init": (
        "client {client}: {answers}; {browsers} Chromium; {state}",
        "cliente {client}: {answers}; {browsers} Chromium; {state}",
    ),
    "seen.init_twice": (
        "client {client}: {answers}; {browsers} Chromiums instead of 1",
        "cliente {client}: {answers}; {browsers} Chromium en lugar de 1",
    ),
    "seen.init_bad": ("client {client}: {answers}", "cliente {client}: {answers}"),
    "seen.paired": ("client {client}, phone {phone}", "cliente {client}, teléfono {phone}"),
    "seen.sent": ("client {client}: {id}", "cliente {client}: {id}"),
    "seen.not_running": (
        "client {client} is {state}; Chromiums: {browsers}",
        "el cliente {client} está {state}; Chromium: {browsers}",
    ),
    "seen.recovered": (
        "client {client}: Chromium {killed} was killed, another one runs, {state} again",
        "cliente {client}: se mató Chromium {killed}, corre otro, {state} de nuevo",
    ),
    "seen.stopped": (
        "Chromiums before: {before}, after: {after}; exit code {code}",
        "{before} Chromium antes, {after} después; código de salida {code}",
    ),
    "seen.stopped_badly": (
        "Chromiums before: {before}, left: {after}; exit code {code}",
        "{before} Chromium antes, quedan {after}; código de salida {code}",
    ),
    "seen.cleaned": (
        "client {client}: after {delay} s client, Chromium and stored login are gone",
        "cliente {client}: tras {delay} s ya no hay cliente, Chromium ni inicio de sesión",
    ),
    "seen.cleaned_badly": (
        "client {client}: what is left: Chromiums: {browsers}, or a stored login",
        "cliente {client}: quedan {browsers} Chromium o un inicio de sesión",
    ),
    "seen.put_back": ("stopped, logins kept: {clients}", "detenidos, sesiones guardadas: {clients}"),
    "seen.nothing_to_put_back": ("nothing to put back", "nada que restaurar"),
    # Production configuration
    "seen.exposure": ("listens on {host}; a key is asked for: {keyed}", "escucha en {host}; pide clave: {keyed}"),
    "seen.exposed": ("listens on {host} and asks for no key", "escucha en {host} y no pide clave"),
    "seen.encryption": (
        "listens on {host}; TLS: {tls}; behind a proxy: {proxied}",
        "escucha en {host}; TLS: {tls}; tras un proxy: {proxied}",
    ),
    "seen.clear": (
        "listens on {host} without TLS and without a trusted proxy",
        "escucha en {host} sin TLS y sin proxy de confianza",
    ),
    "seen.hosts": ("{hosts}", "{hosts}"),
    "seen.hosts_any": ("any; set SM_ALLOWED_HOSTS", "cualquiera; defina SM_ALLOWED_HOSTS"),
    "seen.origins": ("allowed: {origins}", "permitidas: {origins}"),
    "seen.origins_any": (
        "pages of any origin may call: {origins}",
        "pueden llamar páginas de cualquier origen: {origins}",
    ),
    "seen.modes": ("{path} has mode {mode}", "{path} tiene modo {mode}"),
    "seen.modes_open": ("others may read: {wrong}", "otros pueden leer: {wrong}"),
    "seen.user": ("runs as {user}", "corre como {user}"),
    "seen.root": ("runs as {user}: give it a user of its own", "corre como {user}: dele un usuario propio"),
    "seen.walled": ("SM_NO_SANDBOX is not in force", "SM_NO_SANDBOX no está en vigor"),
    "seen.not_walled": (
        "off ({browsers} Chromiums run without): a hostile page meets no second wall",
        "inactivo ({browsers} Chromium corren sin él): una página hostil no encuentra segunda barrera",
    ),
    "seen.logs": ("level {level}, format {format}", "nivel {level}, formato {format}"),
    "seen.logs_wrong": (
        "level {level}, format {format}; info and json are for production",
        "nivel {level}, formato {format}; en producción info y json",
    ),
    "seen.limits": ("starts {rate}; {files} open files", "inicios {rate}; {files} archivos abiertos"),
    "seen.limits_wrong": (
        "starts {rate} (0: no limit); {files} open files, at least {least} are needed",
        "inicios {rate} (0: sin límite); {files} archivos abiertos, hacen falta {least}",
    ),
    "seen.alone": (
        "{attempts} reconnections in a row, cleanup after {delay} s",
        "{attempts} reconexiones seguidas, limpieza tras {delay} s",
    ),
    "seen.alone_wrong": (
        "{attempts} reconnections in a row, cleanup after {delay} s: at least 1 and 10 s",
        "{attempts} reconexiones seguidas, limpieza tras {delay} s: al menos 1 y 10 s",
    ),
    "seen.whatsapp": ("{url}", "{url}"),
    "seen.whatsapp_other": ("{url} is not WhatsApp", "{url} no es WhatsApp"),
    "seen.sandbox": ("the sandbox: {url}", "el sandbox: {url}"),
    "seen.host": ("{cores} cores, {free} GiB available", "{cores} núcleos, {free} GiB disponibles"),
    # Verification
    "seen.clients": ("{ready} were READY before, and still are", "{ready} estaban READY antes y lo siguen estando"),
    "seen.clients_lost": ("READY before, and no more: {lost}", "READY antes, y ya no: {lost}"),
    "seen.no_orphans": ("{count} Chromiums, each the service's", "{count} Chromium, todos del servicio"),
    "seen.orphans": ("{orphans} of {count} Chromiums are nobody's", "{orphans} de {count} Chromium no son de nadie"),
    "seen.speed": ("{ms} ms for the slowest but one", "{ms} ms la penúltima más lenta"),
    "seen.slow": ("{ms} ms for the slowest but one; at most {most}", "{ms} ms la penúltima más lenta; máximo {most}"),
    "seen.weight": (
        "service {own} MiB, Chromium {chromium} MiB in {processes} processes (PSS)",
        "servicio {own} MiB, Chromium {chromium} MiB en {processes} procesos (PSS)",
    ),
}
