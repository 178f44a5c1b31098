/// What the shell of another host is given. ssh hands over one text, which that host's shell takes apart: every part of
/// it that is not ours stands in single quotes, within which a shell looks at nothing.
enum FarShell {
    /// One word, whatever is in it.
    static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
    }

    /// - Parameters:
    ///   - script: in the language of POSIX' `sh`, in one line.
    ///   - arguments: `$1`, `$2` … in it.
    static func command(_ script: String, _ arguments: [String]) -> String {
        (["exec", "sh", "-c"] + ([script, "muster"] + arguments).map(quoted)).joined(separator: " ")
    }

    /// Where ``GroupFolder/usual(namespace:group:environment:)`` looks, with a folder for programs beside the namespaces,
    /// whose names never begin with a dot.
    private static let programs =
        #"programs=${MUSTER_STATE-${XDG_STATE_HOME-${HOME-/var/lib}/.local/state}/muster}/.programs"#

    /// Says which programs, `DIGEST/NAME` each, are there as they should be, and marks them as asked for: see
    /// ``ProgramFolder``. The lines are marked, because what a host's
    /// start files print comes first.
    static let look =
        programs
        + #"; echo "muster: programs $programs"; for p do f=$programs/$p; if [ -x "$f" ] && [ "$(sha256sum <"$f" | cut -d' ' -f1)" = "${p%%/*}" ]; then touch "$f"; echo "muster: has $p"; fi; done"#

    /// Takes a program, `DIGEST/NAME`, from standard input. Nothing lies under its name before it is whole.
    static let take =
        "set -e; umask 077; " + programs
        + #"; d=$programs/${1%%/*}; mkdir -p "$d"; t=$d/.new.$$; trap 'rm -f "$t"' EXIT; cat >"$t"; if [ "$(sha256sum <"$t" | cut -d' ' -f1)" != "${1%%/*}" ]; then echo "what arrived is not what was sent" >&2; exit 1; fi; chmod 700 "$t"; mv -f "$t" "$programs/$1""#

    /// Runs muster, `DIGEST/NAME`, for an order on standard input.
    static let apply = programs + #"; exec "$programs/$1" fleet apply"#
}
