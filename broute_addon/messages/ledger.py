"""Sentences about the ledger. Key: (English, Japanese)."""

SENTENCES = {
    "ledger_full": (
        "The disk is full: {path} can't be written. Half-hour values are held in memory until "
        "there is room; please free some space.",
        "ディスクの空き容量がないため、{path} に書き込めません。30分値は空きができるまで"
        "メモリに保持されます。空き容量を確保してください。",
    ),
    "ledger_unwritable": (
        "{path} can't be written ({reason}): half-hour values are held in memory until it can be, "
        "and lost at a restart, though the meter remembers the latest.",
        "{path} に書き込めません（{reason}）。30分値は書き込めるようになるまでメモリに保持され、"
        "再起動すると失われます（最近の値はメーターから再取得できます）。",
    ),
    "ledger_writable_again": (
        "{path} can be written again; what was held in memory is in it.",
        "{path} に再び書き込めるようになり、メモリに保持していた値を保存しました。",
    ),
    "ledger_set_aside": (
        "{path} can't be used ({reason}): it was set aside as {aside}, a new one is begun, and the "
        "history is read again from the meter.",
        "{path} を使用できません（{reason}）。{aside} として退避し、新しいファイルを作成して、"
        "メーターから履歴を読み直します。",
    ),
    "ledger_absent": (
        "There is no {path}: no half-hour has been kept yet, or the data is elsewhere (--data).",
        "{path} がありません。30分値がまだ保存されていないか、データの場所が異なります（--data）。",
    ),
    "ledger_unreadable": (
        "{path} can't be read ({reason}); it is left as it is.",
        "{path} を読み込めません（{reason}）。ファイルは変更していません。",
    ),
    "ledger_value_changed": (
        "The meter now tells {new} for {at}, where it told {old} before; the newer value is kept.",
        "メーターが {at} の値を {old} から {new} に変更しました。新しい値を保存します。",
    ),
}
