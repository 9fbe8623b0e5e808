// Every text of the page in every language. Each language has the same keys.

const en = {
  skip: 'Skip to the content', signOut: 'Sign out', signIn: 'Sign in', key: 'API key',
  signInWhy: 'This service needs a key. It stays in this browser only as a session, for at most 12 hours.',
  wrongKey: 'This key is not valid.', tabs: 'Sections',
  clients: 'Clients', keys: 'Keys', webhooks: 'Webhooks', deadLetters: 'Dead letters',
  live: 'Live', polling: 'Every 2 s', offline: 'No answer', language: 'Español', languageName: 'es',
  themeTo: 'Theme: {theme}', auto: 'automatic', light: 'light', dark: 'dark',
  all: 'All', ready: 'Ready', waiting: 'Waiting for scan', recovering: 'Starting', ended: 'Needs attention', stopped: 'Stopped',
  search: 'Search', searchHint: 'Number, phone or reason', filter: 'Show',
  startClient: 'Start a client', clientNumber: 'Client number', start: 'Start', startAgain: 'Start again',
  stop: 'Stop', logOut: 'Log out', delete: 'Delete', cancel: 'Cancel', close: 'Close', back: 'All clients',
  noClients: 'No clients.', noClientsHint: 'Enter a number and start a client: its QR appears next.',
  noneMatch: 'No client matches.', choose: 'Select a client for details.',
  client: 'Client {id}', since: 'for {time}', changed: 'Client {id}: {state}', moment: 'a moment',
  started: 'Client {id} is starting', hasStopped: 'Client {id} is stopped',
  loggedOut: 'Client {id} is logged out', deleted: 'Client {id} is deleted',
  deletedLinked: 'Client {id} is deleted; it could not be logged out: unlink the device on the phone',
  stopTitle: 'Stop client {id}?', stopWhy: 'The client closes and keeps its login: the next start needs no QR. Queued messages wait.',
  logOutTitle: 'Log client {id} out?', logOutWhy: 'WhatsApp unlinks this device. To use it again, scan a QR.',
  deleteTitle: 'Delete client {id}?',
  deleteWhy: 'The client is logged out, its login is deleted, and queued messages are dropped. This cannot be undone.',
  facts: 'Details', health: 'Health', healthy: 'Responding', unhealthy: 'Not responding',
  memory: 'Memory', notMeasured: 'not measured yet', attempts: 'Reconnections', nextAttempt: 'Next attempt', queuePosition: 'Place in the queue of starts',
  restriction: 'Restriction', noStrangers: 'No first messages to strangers; known chats still work ({kind})',
  noStrangersUnsure: 'No first messages to strangers ({kind})',
  held: 'Messages of another account', heldWhy: 'They were accepted while the client was linked to another account, and go on by themselves once that one is back.',
  release: 'Send from this account', releaseTitle: 'Send these messages from the account that is linked now?', releaseWhy: 'They leave at once, in their order. This cannot be undone.',
  cancelHeld: 'Cancel them', cancelHeldTitle: 'Cancel these messages?', cancelHeldWhy: 'They will never be sent.', forgotten: 'an account that was forgotten',
  restricted: 'Restricted until', lastSign: 'Last activity', phone: 'Phone', never: 'never',
  hour: 'Last hour', hourAgo: '60 min ago', halfAgo: '30 min', now: 'now', readyShare: 'Ready {n} % of its running time', chart: 'States in the last hour: {what}',
  timeline: 'Timeline', noTimeline: 'No events yet.',
  pair: 'Link a phone', qr: 'QR code to scan with WhatsApp', expiresIn: 'New code in {n} s', waitsForQr: 'Waiting for the code …', qrVoid: 'No QR while a pairing code is active',
  codeLasts: 'Valid for {n} s; then a new code follows',
  pairSteps1: 'Open WhatsApp on the phone', pairSteps2: 'Settings › Linked devices › Link a device',
  pairSteps3: 'Point the phone at this code', pairByCode: 'Or link with a pairing code',
  phoneNumber: 'Phone number with country code', getCode: 'Get a code', typeCode: 'Enter this code on the phone',
  test: 'Test message', to: 'To', toHint: 'Number with country code, or a chat id', text: 'Text', send: 'Send',
  notReady: 'Messages can be sent once the client is ready.', testText: 'Hello from session-manager',
  queued: 'Queued', sending: 'Sending', sent: 'Sent', delivered: 'Delivered', read: 'Read',
  failed: 'Failed', expired: 'Expired', cancelled: 'Cancelled', unknown: 'Unknown',
  createKey: 'Create a key', name: 'Name', scopes: 'Permissions', forClients: 'For clients',
  forClientsHint: 'Numbers, separated by commas; empty for all', created: 'Created', lastUsed: 'Last used', revoke: 'Revoke',
  allClients: 'all', scope_read: 'read', scope_send: 'send', scope_control: 'control', scope_admin: 'admin',
  newKey: 'The new key', newKeyWhy: 'The key is shown only now. Store it safely.', copy: 'Copy', copied: 'Copied',
  revokeTitle: 'Revoke the key “{name}”?', revokeWhy: 'Everyone who uses it loses access at once.', revoked: 'Key revoked',
  noKeys: 'No keys: every program on this machine has full access.', noKeysHint: 'The first key needs the permission admin, for all clients. From then on every call, and this page, needs a key.',
  url: 'URL', urlHint: 'The URL that receives events', events: 'Events',
  eventsHint: 'Patterns, separated by commas, such as message.*; empty for all', add: 'Add', noHooks: 'No webhooks.',
  newSecret: 'The signing secret', newSecretWhy: 'The secret is shown only now. The receiver checks signatures with it.',
  enabled: 'On', disabled: 'Off', enable: 'Enable', disable: 'Disable', state: 'State',
  deleteHookTitle: 'Delete this webhook?', deleteHookWhy: 'Events that are not delivered yet are dropped.',
  hookDeleted: 'Webhook deleted', hookAdded: 'Webhook added', noDead: 'No dead letters: everything was delivered.',
  resend: 'Send again', resent: 'Sending again', event: 'Event', webhook: 'Webhook', why: 'Reason', when: 'Time', attemptsMade: 'Attempts',
  signedOut: 'The session has ended. Sign in again.', noAnswer: 'The service does not answer.',
  unknownVersion: 'unknown version', contract_whole: 'complete', contract_degraded: 'degraded', missing: 'Not found in it', without: 'Does not work',
  'use_message.ack': 'acknowledgements', 'use_message': 'messages', 'use_message.edited': 'edits', 'use_message.reaction': 'reactions',
  'use_message.revoked': 'deletions', use_call: 'calls', use_qrShown: 'the QR', use_ready: 'the connection', use_loggedOut: 'reasons of logouts',
  use_lid: 'LIDs', use_phone: 'phone numbers',
  use_sendText: 'sending texts', use_sendLocation: 'sending places', use_lookUp: 'looking messages up', use_checkContact: 'checking numbers',
  use_requestPairingCode: 'pairing codes', use_logOut: 'logging out', use_refreshQr: 'new QRs',
  state_NOT_INITIALIZED: 'Not running', state_INITIALIZING: 'Starting', state_RECONNECTING: 'Reconnecting',
  state_QR_REQUIRED: 'Scan the QR', state_READY: 'Ready', state_AUTH_FAILURE: 'QR expired',
  state_DISCONNECTED_RECOVERABLE: 'Reconnecting soon', state_DISCONNECTED_LOGOUT: 'Logged out',
  state_DISCONNECTED_BANNED: 'Banned', state_ERROR: 'Error',
  todo_NOT_INITIALIZED: 'The client is stopped and keeps its login: the next start needs no QR.',
  todo_noLogin: 'The client is stopped and has no login: the next start shows a QR.',
  loginKept: 'Login kept', noLogin: 'No login',
  todo_AUTH_FAILURE: 'The QR was not scanned in time. Start the client again for a new one.',
  todo_DISCONNECTED_LOGOUT: 'The client was logged out. Start it again and scan a new QR.',
  todo_DISCONNECTED_BANNED: 'WhatsApp banned this number. Contact WhatsApp support; another start does not help.',
  todo_ERROR: 'The client failed. Another start may help.',
  todo_DISCONNECTED_RECOVERABLE: 'The client reconnects by itself; nothing to do.',
  todo_TERMS_OF_SERVICE: 'Accept the terms in WhatsApp on the phone, then start it again.',
  todo_PROXY_BLOCKED: 'WhatsApp refuses this network: change the proxy, then start the client again.',
  todo_SCREEN_LOCKED: 'Remove WhatsApp’s screen lock, then start the client again.',
  todo_CONFLICT: 'The session was opened elsewhere. Another start takes it over.',
  todo_ACCOUNT_LOCKED: 'WhatsApp has locked this account: see WhatsApp on the phone.',
  todo_DISK_FULL: 'Free some disk space on the service’s host. If the client does not reconnect then, start it again.',
  todo_CHROMIUM_FAILED: 'Read the service’s log, then start the client again.',
  todo_PROFILE_IN_USE: 'Another process uses its profile: end that process, then start the client again.',
  todo_PROFILE_UNUSABLE: 'Repair the directory that the text names: the user of the service must be able to read and write it. Then start the client again.',
  screenshot: 'Screenshot', screenshotTitle: 'What client {id} shows', noScreenshot: 'No screenshot is available now.',
  todo_RECONNECTING: 'The stored login is being resumed.', todo_INITIALIZING: 'The first code follows in a moment.',
  reason_BROWSER_CRASHED: 'Chromium crashed', reason_BROWSER_HUNG: 'The page hung', reason_BROWSER_DEAF: 'Lost the connection to Chromium',
  reason_PAGE_CRASHED: 'The page crashed', reason_PAGE_LEFT: 'The page left WhatsApp', reason_MEMORY_LIMIT: 'Too much memory',
  reason_PAGE_RELOADED: 'The page reloads', reason_PLANNED_UPDATE: 'Planned update',
  reason_DISK_FULL: 'The disk is full',
  reason_CHROMIUM_FAILED: 'Chromium did not start', reason_PROFILE_IN_USE: 'The profile is in use',
  reason_PROFILE_UNUSABLE: 'The profile cannot be read or written',
  reason_PAGE_UNREACHABLE: 'WhatsApp Web is unreachable', reason_PAGE_REFUSED: 'WhatsApp Web refuses',
  reason_PAGE_FOREIGN: 'Something else answers', reason_PROXY_UNREACHABLE: 'The proxy is unreachable',
  reason_PROXY_LOGIN_REFUSED: 'The proxy refuses the login', reason_CERTIFICATE_INVALID: 'Invalid certificate',
  reason_BROWSER_UNSUPPORTED: 'Chromium too old for WhatsApp', reason_WA_JS_NOT_READY: 'WhatsApp Web did not load',
  reason_WA_JS_OUTDATED: 'WhatsApp Web has changed and is incompatible',
  reason_START_TIMEOUT: 'The start took too long', reason_NETWORK_LOST: 'Network lost',
  reason_SERVICE_UNAVAILABLE: 'WhatsApp is unavailable', reason_TEMPORARILY_BANNED: 'Temporarily banned',
  reason_VERSION_OUTDATED: 'Outdated version', reason_LOGGED_OUT_BY_PHONE: 'Logged out on the phone',
  reason_LOGGED_OUT_BY_API: 'Logged out from here', reason_LOGIN_REFUSED: 'WhatsApp refused the login',
  reason_STORAGE_FAILED: 'Stored data is damaged', reason_CONFLICT: 'Opened elsewhere', reason_BANNED: 'Banned',
  reason_ACCOUNT_LOCKED: 'Account locked', reason_TERMS_OF_SERVICE: 'Terms of service', reason_PROXY_BLOCKED: 'Proxy blocked',
  reason_SCREEN_LOCKED: 'Screen locked', reason_QR_NOT_SCANNED: 'QR not scanned',
  reason_PASSKEY_REQUIRED: 'A passkey is required', reason_PLATFORM_REFUSED: 'No pairing code for this browser',
  reason_PAIRING_CODE_OVER: 'The pairing code expired', reason_PRIMARY_NOT_MIGRATED: 'The phone’s WhatsApp is too old',
  todo_PASSKEY_REQUIRED: 'This phone links only with a passkey, which cannot be used here. Scan with another phone.',
  todo_PLATFORM_REFUSED: 'WhatsApp gives this browser no pairing codes. Scan the QR, or change SM_USER_AGENT.',
  todo_PAIRING_CODE_OVER: 'The code was not entered in time. Get another code, or scan the QR.',
  todo_PRIMARY_NOT_MIGRATED: 'Update WhatsApp on the phone, then start the client again and scan.',
  reason_ATTEMPTS_EXHAUSTED: 'No attempts left', reason_ACTOR_CRASHED: 'Internal error',
  wrong_to: 'This is no phone number with its country code, such as +54 9 11 2233-4455, and no chat id.',
  wrong_message: 'A text of 1 to 65,536 characters is needed.',
  wrong_phone: 'No code for this number: write it with its country code, such as +54 9 11 2233-4455, or scan the QR.',
  wrong_url: 'Events cannot be sent there: an http or https URL of the public internet is needed.',
  wrong_events: 'There is no such event. Write types such as message or client.state, or message.* for all of a family.',
  wrong_clients: 'These are no numbers of clients that this key may name.',
  wrong_name: 'A name of 1 to 100 characters is needed.',
  wrong_scopes: 'Choose at least one permission; the first key needs admin, for all clients.',
  error_UNAUTHORIZED: 'A valid key is needed.', error_FORBIDDEN: 'The key does not allow this.',
  error_SESSION_NOT_READY: 'The client is not ready.', error_CLIENT_NOT_FOUND: 'There is no such client.',
  error_INITIALIZATION_IN_PROGRESS: 'The client is already starting.', error_INITIALIZATION_OVERTAKEN: 'A stop or a deletion came first.',
  error_INITIALIZATION_FAILED: 'The client could not be started: see its details.',
  error_CAPACITY_EXCEEDED: 'There is no room for another client: stop one, or raise the limit.',
  error_RATE_LIMIT_EXCEEDED: 'Too many calls: try again in a moment.', error_OUTBOX_FULL: 'Too many messages are waiting.',
  error_LOGOUT_FAILED: 'WhatsApp did not confirm the logout.', error_DELETE_FAILED: 'Not everything could be deleted: see the log.',
  error_STARTING: 'The service is starting: try again in a moment.', error_SHUTTING_DOWN: 'The service is shutting down.',
  error_STORE_UNAVAILABLE: 'The database does not answer: try again in a moment.', error_OVERLOADED: 'The service is busy: try again in a moment.',
  error_NO_ANSWER: 'The client did not answer in time.', error_INTERNAL_ERROR: 'An internal error: see the log.',
  error_WEBHOOK_NOT_FOUND: 'The webhook is gone.', error_DEAD_LETTER_NOT_FOUND: 'The dead letter is gone.', error_KEY_NOT_FOUND: 'The key is gone.',
  error_KEY_REFUSED: 'Somebody must be able to change keys: keep one with admin for all clients.',
};

const es = {
  skip: 'Ir al contenido', signOut: 'Salir', signIn: 'Entrar', key: 'Clave de API',
  signInWhy: 'Este servicio pide una clave. En este navegador solo queda una sesión, por 12 horas como máximo.',
  wrongKey: 'Esta clave no es válida.', tabs: 'Secciones',
  clients: 'Clientes', keys: 'Claves', webhooks: 'Webhooks', deadLetters: 'Sin entregar',
  live: 'En vivo', polling: 'Cada 2 s', offline: 'Sin respuesta', language: 'English', languageName: 'en',
  themeTo: 'Tema: {theme}', auto: 'automático', light: 'claro', dark: 'oscuro',
  all: 'Todos', ready: 'Listos', waiting: 'Esperan escaneo', recovering: 'Iniciando', ended: 'Requieren atención', stopped: 'Detenidos',
  search: 'Buscar', searchHint: 'Número, teléfono o motivo', filter: 'Mostrar',
  startClient: 'Iniciar un cliente', clientNumber: 'Número de cliente', start: 'Iniciar', startAgain: 'Iniciar de nuevo',
  stop: 'Detener', logOut: 'Cerrar sesión', delete: 'Eliminar', cancel: 'Cancelar', close: 'Cerrar', back: 'Todos los clientes',
  noClients: 'Aún no hay clientes.', noClientsHint: 'Inicie un cliente con el número que quiera y escanee su QR.',
  noneMatch: 'Ningún cliente coincide.', choose: 'Elija un cliente.',
  client: 'Cliente {id}', since: 'hace {time}', changed: 'Cliente {id}: {state}', moment: 'un momento',
  started: 'El cliente {id} se está iniciando', hasStopped: 'El cliente {id} está detenido',
  loggedOut: 'El cliente {id} cerró sesión', deleted: 'El cliente {id} fue eliminado',
  deletedLinked: 'El cliente {id} fue eliminado sin cerrar sesión: desvincule el dispositivo en el teléfono',
  stopTitle: '¿Detener el cliente {id}?', stopWhy: 'Se cierra y conserva su sesión: el próximo inicio no pide QR. Los mensajes esperan.',
  logOutTitle: '¿Cerrar la sesión del cliente {id}?', logOutWhy: 'WhatsApp desvincula este dispositivo. Para usarlo otra vez, escanee un QR nuevo.',
  deleteTitle: '¿Eliminar el cliente {id}?',
  deleteWhy: 'Se cierra su sesión, se borran sus datos guardados y se descartan los mensajes en espera. No se puede deshacer.',
  facts: 'Detalles', health: 'Salud', healthy: 'Responde', unhealthy: 'No responde',
  memory: 'Memoria', notMeasured: 'aún sin medir', attempts: 'Reconexiones', nextAttempt: 'Próximo intento', queuePosition: 'Lugar en la cola de arranques',
  restriction: 'Restricción', noStrangers: 'Sin primeros mensajes a desconocidos; los chats conocidos funcionan ({kind})',
  noStrangersUnsure: 'Sin primeros mensajes a desconocidos ({kind})',
  held: 'Mensajes de otra cuenta', heldWhy: 'Se aceptaron cuando el cliente estaba vinculado a otra cuenta, y salen solos cuando esa vuelva.',
  release: 'Enviar desde esta cuenta', releaseTitle: '¿Enviar estos mensajes desde la cuenta vinculada ahora?', releaseWhy: 'Salen enseguida, en su orden. No se puede deshacer.',
  cancelHeld: 'Cancelarlos', cancelHeldTitle: '¿Cancelar estos mensajes?', cancelHeldWhy: 'No se enviarán nunca.', forgotten: 'una cuenta olvidada',
  restricted: 'Restringido hasta', lastSign: 'Última actividad', phone: 'Teléfono', never: 'nunca',
  hour: 'Última hora', hourAgo: 'hace 60 min', halfAgo: '30 min', now: 'ahora', readyShare: 'Listo el {n} % del tiempo en marcha', chart: 'Estados en la última hora: {what}',
  timeline: 'Cronología', noTimeline: 'Aún no hay eventos.',
  pair: 'Vincular un teléfono', qr: 'Código QR para escanear con WhatsApp', expiresIn: 'Código nuevo en {n} s', waitsForQr: 'Esperando el código …', qrVoid: 'Sin QR mientras haya un código activo',
  codeLasts: 'Válido {n} s; después llega otro',
  pairSteps1: 'Abra WhatsApp en el teléfono', pairSteps2: 'Ajustes › Dispositivos vinculados › Vincular dispositivo',
  pairSteps3: 'Apunte el teléfono a este código', pairByCode: 'O vincule con un código',
  phoneNumber: 'Número con código de país', getCode: 'Pedir un código', typeCode: 'Escriba esto en el teléfono',
  test: 'Mensaje de prueba', to: 'Para', toHint: 'Número con código de país, o id de chat', text: 'Texto', send: 'Enviar',
  notReady: 'Se puede enviar cuando el cliente esté listo.', testText: 'Hola desde session-manager',
  queued: 'En espera', sending: 'Enviando', sent: 'Enviado', delivered: 'Entregado', read: 'Leído',
  failed: 'Falló', expired: 'Venció', cancelled: 'Cancelado', unknown: 'Incierto',
  createKey: 'Crear una clave', name: 'Nombre', scopes: 'Permisos', forClients: 'Para clientes',
  forClientsHint: 'Números separados por comas; vacío, todos', created: 'Creada', lastUsed: 'Último uso', revoke: 'Revocar',
  allClients: 'todos', scope_read: 'leer', scope_send: 'enviar', scope_control: 'controlar', scope_admin: 'administrar',
  newKey: 'La clave nueva', newKeyWhy: 'Se muestra esta única vez. Guárdela como un secreto.', copy: 'Copiar', copied: 'Copiado',
  revokeTitle: '¿Revocar la clave «{name}»?', revokeWhy: 'Sus usuarios pierden el acceso de inmediato.', revoked: 'Clave revocada',
  noKeys: 'No hay claves: todo programa de esta máquina tiene acceso completo.', noKeysHint: 'La primera clave debe tener permiso de administración para todos los clientes. Después, esta página también pedirá una.',
  url: 'URL', urlHint: 'La URL que recibe los eventos', events: 'Eventos',
  eventsHint: 'Patrones separados por comas, como message.*; vacío, todos', add: 'Agregar', noHooks: 'Aún no hay webhooks.',
  newSecret: 'El secreto de firma', newSecretWhy: 'Se muestra esta única vez. Con él el receptor verifica las firmas.',
  enabled: 'Activo', disabled: 'Inactivo', enable: 'Activar', disable: 'Desactivar', state: 'Estado',
  deleteHookTitle: '¿Eliminar este webhook?', deleteHookWhy: 'Sus eventos en espera se descartan.',
  hookDeleted: 'Webhook eliminado', hookAdded: 'Webhook agregado', noDead: 'No hay eventos sin entregar.',
  resend: 'Reenviar', resent: 'Se envía otra vez', event: 'Evento', webhook: 'Webhook', why: 'Motivo', when: 'Hora', attemptsMade: 'Intentos',
  signedOut: 'La sesión terminó. Entre de nuevo.', noAnswer: 'El servicio no responde.',
  unknownVersion: 'versión desconocida', contract_whole: 'completo', contract_degraded: 'degradado', missing: 'Falta en la página', without: 'No funciona',
  'use_message.ack': 'confirmaciones', 'use_message': 'mensajes', 'use_message.edited': 'ediciones', 'use_message.reaction': 'reacciones',
  'use_message.revoked': 'eliminaciones', use_call: 'llamadas', use_qrShown: 'el QR', use_ready: 'la conexión', use_loggedOut: 'motivos de cierre',
  use_lid: 'LIDs', use_phone: 'números de teléfono',
  use_sendText: 'enviar textos', use_sendLocation: 'enviar lugares', use_lookUp: 'buscar mensajes', use_checkContact: 'comprobar números',
  use_requestPairingCode: 'códigos para vincular', use_logOut: 'cerrar la sesión', use_refreshQr: 'otros QR',
  state_NOT_INITIALIZED: 'Detenido', state_INITIALIZING: 'Iniciando', state_RECONNECTING: 'Reconectando',
  state_QR_REQUIRED: 'Escanear QR', state_READY: 'Listo', state_AUTH_FAILURE: 'QR vencido',
  state_DISCONNECTED_RECOVERABLE: 'Por reconectar', state_DISCONNECTED_LOGOUT: 'Sesión cerrada',
  state_DISCONNECTED_BANNED: 'Bloqueado', state_ERROR: 'Error',
  todo_NOT_INITIALIZED: 'No está en marcha. Su sesión se conserva: el próximo inicio no pide QR.',
  todo_noLogin: 'No está en marcha ni tiene sesión: el próximo inicio muestra un QR para escanear.',
  loginKept: 'Sesión guardada', noLogin: 'Sin sesión',
  todo_AUTH_FAILURE: 'Nadie escaneó el QR a tiempo. Inicie el cliente de nuevo para ver otro.',
  todo_DISCONNECTED_LOGOUT: 'Se cerró su sesión. Inicie el cliente de nuevo y escanee un QR.',
  todo_DISCONNECTED_BANNED: 'WhatsApp bloqueó este número. Contacte al soporte de WhatsApp; reiniciar no ayuda.',
  todo_ERROR: 'El cliente falló. Inícielo de nuevo.',
  todo_DISCONNECTED_RECOVERABLE: 'Se reconecta solo. No hay que hacer nada.',
  todo_TERMS_OF_SERVICE: 'Acepte los términos en WhatsApp, en el teléfono, e inícielo de nuevo.',
  todo_PROXY_BLOCKED: 'WhatsApp rechaza esta red: cambie el proxy e inícielo de nuevo.',
  todo_SCREEN_LOCKED: 'Quite el bloqueo de pantalla de WhatsApp e inícielo de nuevo.',
  todo_CONFLICT: 'La sesión se abrió en otro lugar. Inicie el cliente de nuevo para recuperarla.',
  todo_ACCOUNT_LOCKED: 'WhatsApp bloqueó esta cuenta: véala en WhatsApp, en el teléfono.',
  todo_DISK_FULL: 'Libere espacio en el disco del servicio. Si el cliente no se reconecta, inícielo de nuevo.',
  todo_CHROMIUM_FAILED: 'Lea el registro del servicio e inicie el cliente de nuevo.',
  todo_PROFILE_IN_USE: 'Otro proceso usa su perfil: termine ese proceso e inicie el cliente de nuevo.',
  todo_PROFILE_UNUSABLE: 'Repare el directorio que el texto nombra: el usuario del servicio debe poder leerlo y escribirlo. Después inicie el cliente de nuevo.',
  screenshot: 'Captura', screenshotTitle: 'Captura del cliente {id}', noScreenshot: 'No hay captura disponible ahora.',
  todo_RECONNECTING: 'Se está retomando la sesión guardada.', todo_INITIALIZING: 'El primer código llega en un momento.',
  reason_BROWSER_CRASHED: 'Chromium falló', reason_BROWSER_HUNG: 'La página se colgó', reason_BROWSER_DEAF: 'Se perdió la conexión con Chromium',
  reason_PAGE_CRASHED: 'La página falló', reason_PAGE_LEFT: 'La página dejó WhatsApp', reason_MEMORY_LIMIT: 'Demasiada memoria',
  reason_PAGE_RELOADED: 'La página se está recargando', reason_PLANNED_UPDATE: 'Actualización prevista',
  reason_DISK_FULL: 'El disco está lleno',
  reason_CHROMIUM_FAILED: 'Chromium no arrancó', reason_PROFILE_IN_USE: 'El perfil está en uso',
  reason_PROFILE_UNUSABLE: 'El perfil no se puede leer o escribir',
  reason_PAGE_UNREACHABLE: 'WhatsApp Web inalcanzable', reason_PAGE_REFUSED: 'WhatsApp Web se niega',
  reason_PAGE_FOREIGN: 'Responde otra cosa', reason_PROXY_UNREACHABLE: 'Proxy inalcanzable',
  reason_PROXY_LOGIN_REFUSED: 'El proxy rechaza el acceso', reason_CERTIFICATE_INVALID: 'Certificado inválido',
  reason_BROWSER_UNSUPPORTED: 'Chromium anticuado para WhatsApp', reason_WA_JS_NOT_READY: 'WhatsApp Web no cargó',
  reason_WA_JS_OUTDATED: 'WhatsApp Web cambió y es incompatible',
  reason_START_TIMEOUT: 'El inicio tardó demasiado', reason_NETWORK_LOST: 'Sin red',
  reason_SERVICE_UNAVAILABLE: 'WhatsApp no está disponible', reason_TEMPORARILY_BANNED: 'Bloqueado por un tiempo',
  reason_VERSION_OUTDATED: 'Versión anticuada', reason_LOGGED_OUT_BY_PHONE: 'Sesión cerrada en el teléfono',
  reason_LOGGED_OUT_BY_API: 'Sesión cerrada por este servicio', reason_LOGIN_REFUSED: 'La sesión ya no es válida',
  reason_STORAGE_FAILED: 'Datos guardados dañados', reason_CONFLICT: 'Abierto en otro lugar', reason_BANNED: 'Bloqueado',
  reason_ACCOUNT_LOCKED: 'Cuenta bloqueada', reason_TERMS_OF_SERVICE: 'Términos de servicio', reason_PROXY_BLOCKED: 'Proxy bloqueado',
  reason_SCREEN_LOCKED: 'Pantalla bloqueada', reason_QR_NOT_SCANNED: 'QR sin escanear',
  reason_PASSKEY_REQUIRED: 'Se requiere una llave de acceso', reason_PLATFORM_REFUSED: 'Sin código para este navegador',
  reason_PAIRING_CODE_OVER: 'El código para vincular caducó', reason_PRIMARY_NOT_MIGRATED: 'El WhatsApp del teléfono es antiguo',
  todo_PASSKEY_REQUIRED: 'Ese teléfono solo se vincula con una llave de acceso, que aquí no se puede usar. Escanee con otro.',
  todo_PLATFORM_REFUSED: 'WhatsApp no da códigos a este navegador. Escanee el QR o cambie SM_USER_AGENT.',
  todo_PAIRING_CODE_OVER: 'No se escribió a tiempo. Pida otro código o escanee el QR.',
  todo_PRIMARY_NOT_MIGRATED: 'Actualice WhatsApp en el teléfono; después inicie el cliente de nuevo y escanee.',
  reason_ATTEMPTS_EXHAUSTED: 'Sin más intentos', reason_ACTOR_CRASHED: 'Error interno',
  wrong_to: 'No es un número con código de país, como +54 9 11 2233-4455, ni un id de chat.',
  wrong_message: 'Hace falta un texto de 1 a 65.536 caracteres.',
  wrong_phone: 'No hay código para este número: escríbalo con su código de país, como +54 9 11 2233-4455, o escanee el QR.',
  wrong_url: 'No se pueden enviar eventos allí: hace falta una URL http o https de internet.',
  wrong_events: 'No existe ese evento. Escriba tipos como message o client.state, o message.* para toda una familia.',
  wrong_clients: 'No son números de clientes que esta clave pueda nombrar.',
  wrong_name: 'Hace falta un nombre de 1 a 100 caracteres.',
  wrong_scopes: 'Elija al menos un permiso; la primera clave necesita admin, para todos los clientes.',
  error_UNAUTHORIZED: 'Hace falta una clave válida.', error_FORBIDDEN: 'La clave no lo permite.',
  error_SESSION_NOT_READY: 'El cliente no está listo.', error_CLIENT_NOT_FOUND: 'No existe ese cliente.',
  error_INITIALIZATION_IN_PROGRESS: 'El cliente ya se está iniciando.', error_INITIALIZATION_OVERTAKEN: 'Antes llegó una detención o eliminación.',
  error_INITIALIZATION_FAILED: 'No se pudo iniciar el cliente: vea sus detalles.',
  error_CAPACITY_EXCEEDED: 'No hay lugar para otro cliente: detenga uno o suba el límite.',
  error_RATE_LIMIT_EXCEEDED: 'Demasiadas llamadas: pruebe en un momento.', error_OUTBOX_FULL: 'Hay demasiados mensajes en espera.',
  error_LOGOUT_FAILED: 'WhatsApp no confirmó el cierre de sesión.', error_DELETE_FAILED: 'No se pudo eliminar todo: vea el registro.',
  error_STARTING: 'El servicio está arrancando: pruebe en un momento.', error_SHUTTING_DOWN: 'El servicio se está deteniendo.',
  error_STORE_UNAVAILABLE: 'La base de datos no responde: pruebe en un momento.', error_OVERLOADED: 'El servicio está ocupado: pruebe en un momento.',
  error_NO_ANSWER: 'El cliente no respondió a tiempo.', error_INTERNAL_ERROR: 'Error interno: vea el registro.',
  error_WEBHOOK_NOT_FOUND: 'El webhook ya no existe.', error_DEAD_LETTER_NOT_FOUND: 'Ese evento ya no está.', error_KEY_NOT_FOUND: 'La clave ya no existe.',
  error_KEY_REFUSED: 'Alguien debe poder cambiar claves: conserve una con admin para todos los clientes.',
};

export const TEXTS = { en, es };
const KEPT = 'session-manager.language';
let language = kept() ?? (navigator.languages.find((one) => TEXTS[one.slice(0, 2)]) ?? 'en').slice(0, 2);
document.documentElement.lang = language;

function kept() {
  const found = localStorage.getItem(KEPT);
  return TEXTS[found] ? found : null;
}

/** A text in the chosen language, with its {places} filled in. Unknown names are shown as they are. */
export function t(name, places = {}) {
  const text = TEXTS[language][name] ?? name;
  return text.replace(/\{(\w+)\}/g, (_, place) => places[place] ?? '');
}

/** Whether there is such a text. */
export const has = (name) => name in TEXTS[language];

/** Goes on in the other language. */
export function switchLanguage() {
  language = t('languageName');
  localStorage.setItem(KEPT, language);
  document.documentElement.lang = language;
}

// --- times and sizes as people write them

const UNITS = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]];

/** A duration in its two largest units at most: "3 hr, 5 min". */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 5) return t('moment');
  const first = UNITS.findIndex(([, size]) => whole >= size);
  const parts = UNITS.slice(first, first + (first < 2 ? 2 : 1)).map(([unit, size], place) => {
    const count = Math.floor((place ? whole % UNITS[first][1] : whole) / size);
    return count && new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'short' }).format(count);
  });
  return parts.filter(Boolean).join(' ');
}

/** How long ago an instant is, in seconds. */
export const secondsSince = (instant) => (Date.now() - Date.parse(instant)) / 1000;

/** An instant as a clock shows it, with its day where that is not today. */
export function moment(instant) {
  const at = new Date(instant);
  const today = at.toDateString() === new Date().toDateString();
  const day = today ? {} : { day: '2-digit', month: 'short' };
  return new Intl.DateTimeFormat(language, { ...day, hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false }).format(at);
}

/** Bytes as MiB. */
export const mebibytes = (bytes) => `${new Intl.NumberFormat(language).format(Math.round(bytes / 2 ** 20))} MiB`;
