"""What each reason means and leads to, as a table: for the documents, and for whoever explains a status to people.

Nothing acts on this table; `lifecycle` decides. A test plays every row and compares.
"""

from __future__ import annotations

from dataclasses import dataclass

from actors.clients.types import Reason, State


@dataclass(frozen=True, slots=True)
class Consequence:
    """`state` is where a READY client goes (a client that starts, where that is what the reason is about)."""

    happened: str
    state: State
    login_kept: bool
    then: str


_RESUMES = "Opened again by itself, within the budget; ERROR where POST /init waits for the outcome."
_HEALS = "The page comes back by itself; opened again after SM_LINK_PATIENCE."
_PAIR_AGAIN = "Destroyed after SM_CLEANUP_DELAY. POST /init, then scan."
_HUMAN = "Destroyed after SM_CLEANUP_DELAY. Once a person has settled it, POST /init resumes."
_REPAIR = "Not tried again. Once the operator has repaired it, POST /init resumes."
_SUPPORT = "Destroyed after SM_CLEANUP_DELAY. Only WhatsApp can help."

_BACK, _AWAY, _OUT, _BANNED, _ERROR = (
    State.RECONNECTING,
    State.DISCONNECTED_RECOVERABLE,
    State.DISCONNECTED_LOGOUT,
    State.DISCONNECTED_BANNED,
    State.ERROR,
)

CONSEQUENCES: dict[Reason, Consequence] = {
    Reason.BROWSER_CRASHED: Consequence("Chromium ended by itself or was killed.", _AWAY, True, _RESUMES),
    Reason.BROWSER_HUNG: Consequence("Two probes in a row were not answered.", _AWAY, True, _RESUMES),
    Reason.BROWSER_DEAF: Consequence("The debugging pipe has ended, and Chromium lives on.", _AWAY, True, _RESUMES),
    Reason.PAGE_CRASHED: Consequence("The page's process died, Chromium lives.", _AWAY, True, _RESUMES),
    Reason.PAGE_LEFT: Consequence("The page has gone to another address.", _AWAY, True, _RESUMES),
    Reason.PAGE_RELOADED: Consequence(
        "The page has loaded itself anew.",
        _BACK,
        True,
        "It has SM_START_PATIENCE to be back, and costs no attempt then; a page that is not is lost (START_TIMEOUT).",
    ),
    Reason.PLANNED_UPDATE: Consequence(
        "The page is loaded anew for an update of WhatsApp Web.",
        _BACK,
        True,
        "As after PAGE_RELOADED. At a quiet moment within SM_UPDATE_WITHIN; at once where WhatsApp Web insists.",
    ),
    Reason.MEMORY_LIMIT: Consequence("The browser's processes hold more than SM_CLIENT_MEMORY.", _AWAY, True, _RESUMES),
    Reason.DISK_FULL: Consequence("The disk of the profiles has no room for Chromium to write.", _AWAY, True, _RESUMES),
    Reason.CHROMIUM_FAILED: Consequence("Chromium could not be started.", _ERROR, True, _REPAIR),
    Reason.PROFILE_IN_USE: Consequence("Somebody else holds the profile.", _ERROR, True, _REPAIR),
    Reason.PROFILE_UNUSABLE: Consequence(
        "The client's profile directory cannot be read or written, or its disk does not answer; the text says why.",
        _AWAY,
        True,
        _RESUMES,
    ),
    Reason.PAGE_UNREACHABLE: Consequence("WhatsApp Web could not be loaded.", _AWAY, True, _RESUMES),
    Reason.PAGE_REFUSED: Consequence(
        "An error was answered in place of WhatsApp Web (403, 429, 503); the text gives it. A 5xx is waited out within "
        "SM_START_PATIENCE.",
        _AWAY,
        True,
        _RESUMES,
    ),
    Reason.PAGE_FOREIGN: Consequence(
        "Something else answers in place of WhatsApp Web, such as a network that wants a sign-in; the text names it.",
        _AWAY,
        True,
        _RESUMES,
    ),
    Reason.PROXY_UNREACHABLE: Consequence(
        "The proxy cannot be reached, or does not lead to WhatsApp.", _AWAY, True, _RESUMES
    ),
    Reason.PROXY_LOGIN_REFUSED: Consequence(
        "The proxy wants a name and a password, or refuses those that it was given.", _ERROR, True, _REPAIR
    ),
    Reason.CERTIFICATE_INVALID: Consequence(
        "The certificate of WhatsApp Web is not valid here: a wrong clock, or a proxy that reads HTTPS.",
        _AWAY,
        True,
        _RESUMES,
    ),
    Reason.BROWSER_UNSUPPORTED: Consequence(
        "WhatsApp Web does not work in this Chromium, as it says itself.", _ERROR, True, _REPAIR
    ),
    Reason.WA_JS_NOT_READY: Consequence(
        "WhatsApp Web was loaded, but wa-js did not take to it.", _AWAY, True, _RESUMES
    ),
    Reason.WA_JS_OUTDATED: Consequence(
        "WhatsApp Web was loaded, and has no longer what wa-js looks for; the text names it. A client that becomes "
        "READY all the same stays READY with this reason; where sending is lost, messages wait.",
        _AWAY,
        True,
        _RESUMES,
    ),
    Reason.START_TIMEOUT: Consequence("No code and no login within SM_START_PATIENCE.", _AWAY, True, _RESUMES),
    Reason.NETWORK_LOST: Consequence("The page has lost the network, or WhatsApp.", _AWAY, True, _HEALS),
    Reason.SERVICE_UNAVAILABLE: Consequence("WhatsApp says that it is unavailable.", _AWAY, True, _HEALS),
    Reason.TEMPORARILY_BANNED: Consequence(
        "WhatsApp has restricted the number until `restricted_until`.",
        _AWAY,
        True,
        "Nothing is tried before that. ERROR where it comes during pairing.",
    ),
    Reason.VERSION_OUTDATED: Consequence(
        "WhatsApp wants a newer page, and this one has stopped.", _AWAY, True, _RESUMES
    ),
    Reason.LOGGED_OUT_BY_PHONE: Consequence("The device was removed on the phone.", _OUT, False, _PAIR_AGAIN),
    Reason.LOGGED_OUT_BY_API: Consequence("A caller logged out.", _OUT, False, _PAIR_AGAIN),
    Reason.LOGIN_REFUSED: Consequence(
        "WhatsApp Web shows a code where a login was.",
        _OUT,
        False,
        "Destroyed after SM_CLEANUP_DELAY. Where it shows while a login is being resumed: QR_REQUIRED; scan.",
    ),
    Reason.STORAGE_FAILED: Consequence("WhatsApp Web gave up its own storage.", _OUT, False, _PAIR_AGAIN),
    Reason.CONFLICT: Consequence(
        "The session was opened elsewhere.",
        _OUT,
        True,
        "Never resumed by itself: two owners would fight. POST /init takes the session over.",
    ),
    Reason.BANNED: Consequence("Inferred from early logouts in a row.", _BANNED, False, _SUPPORT),
    Reason.ACCOUNT_LOCKED: Consequence("WhatsApp has locked the account, and says so.", _BANNED, False, _SUPPORT),
    Reason.TERMS_OF_SERVICE: Consequence("Terms of service must be accepted on the phone.", _ERROR, True, _HUMAN),
    Reason.PROXY_BLOCKED: Consequence("WhatsApp refuses the network that is used.", _ERROR, True, _HUMAN),
    Reason.SCREEN_LOCKED: Consequence("WhatsApp Web's screen lock is on.", _ERROR, True, _HUMAN),
    Reason.QR_NOT_SCANNED: Consequence(
        "Nobody scanned a code within SM_QR_LIFETIME.", State.AUTH_FAILURE, False, _PAIR_AGAIN
    ),
    Reason.PASSKEY_REQUIRED: Consequence(
        "The phone that scanned links only with a passkey, which nobody can use in a page without a person.",
        State.QR_REQUIRED,
        False,
        "Codes are shown on, for another phone; AUTH_FAILURE after SM_QR_LIFETIME.",
    ),
    Reason.PLATFORM_REFUSED: Consequence(
        "WhatsApp gives no pairing code to the browser and system that SM_USER_AGENT names.",
        State.QR_REQUIRED,
        False,
        "The QR is shown again.",
    ),
    Reason.PAIRING_CODE_OVER: Consequence(
        "The pairing code, and the five after it, were not typed; or WhatsApp Web gave the pairing up.",
        State.QR_REQUIRED,
        False,
        "The QR is shown again; POST /pairing-code gives another code.",
    ),
    Reason.PRIMARY_NOT_MIGRATED: Consequence(
        "The phone was linked, and its chats have not moved to LIDs yet: WhatsApp Web gives such a link up at once.",
        _OUT,
        False,
        "Destroyed after SM_CLEANUP_DELAY. Update WhatsApp on the phone; then POST /init, and scan.",
    ),
    Reason.ATTEMPTS_EXHAUSTED: Consequence(
        "SM_MAX_RECONNECTION_ATTEMPTS in a row have failed.",
        _ERROR,
        True,
        "Destroyed after SM_CLEANUP_DELAY, resumed at the next start of the service, or by POST /init.",
    ),
    Reason.ACTOR_CRASHED: Consequence(
        "A bug of ours, more often than its budget allows.", _ERROR, True, "As after ATTEMPTS_EXHAUSTED."
    ),
}
