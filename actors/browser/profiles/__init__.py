"""The profile directories, one per client, and their owners.

    data_dir/profiles/<client id>/       0700
        chromium/                        Chromium's data, with the login
        login                            the mark of a stored login (`keep_login`)
        dropped                          the mark for deletion: everything here goes before the next use
        lock                             held (flock) by the process that uses the profile
        process.json                     the Chromium on it (`process_record`)

Every access to one profile is work of that client's thread (`file_threads`): a directory that cannot be read, or a
disk that hangs, is that client's trouble alone.

Only the owner of a profile deletes anything, and only inside it. The lock is ours because the headless shell writes no
SingletonLock.

A login is on disk once Chromium has written it: at an orderly end, and some seconds after each change. A login
younger than about 5 s when the power fails, or Chromium is killed, can be lost though `login` is there: the page then
shows a code again.
"""

from actors.browser.profiles.profile import Profile, ProfileInUse
from actors.browser.profiles.profiles import Profiles

__all__ = ["Profile", "ProfileInUse", "Profiles"]
