"""Sentences about the way to the meter and what it tells. Key: (English, Japanese)."""

SENTENCES = {
    "no_stick": (
        "No Wi-SUN stick answers: plug it in, or choose its port in the option device.",
        "Wi-SUN スティックが応答しません。差し込むか、設定項目 device でポートを選んでください。",
    ),
    "stick_identified": (
        "Stick found at {port}: {dialect}, firmware {firmware}.",
        "{port} でスティックを検出しました（{dialect}、ファームウェア {firmware}）。",
    ),
    "meter_found": (
        "Meter found on channel {channel}, signal {dbm} dBm.",
        "チャンネル {channel} でメーターを検出しました（電波強度 {dbm} dBm）。",
    ),
    "meter_joined": ("Logged in to the meter.", "メーターにログインしました。"),
    "meter_identified": (
        "The meter is {uid} ({maker}); it tells {count} kinds of value.",
        "メーターは {uid}（{maker}）、取得できる項目は {count} 種類です。",
    ),
    "first_reading": (
        "First reading: {power} W. From now on every {interval} seconds.",
        "最初の値は {power} W です。以後 {interval} 秒ごとに取得します。",
    ),
    "meter_not_found": (
        "No meter with this Route-B ID is in reach: check the ID, and bring the stick nearer to "
        "the meter.",
        "この B ルート認証 ID のメーターが見つかりません。ID を確認し、"
        "スティックをメーターに近づけてください。",
    ),
    "meter_too_far": (
        "The meter is heard but does not answer the log-in: bring the stick nearer to the meter.",
        "メーターの電波は届いていますが、ログインに応答がありません。"
        "スティックをメーターに近づけてください。",
    ),
    "credentials_refused": (
        "The meter refuses the log-in again and again: Route-B ID or password is probably wrong; "
        "check both in the options.",
        "メーターへのログインが繰り返し拒否されています。B ルート認証 ID またはパスワードが"
        "間違っている可能性があります。設定を確認してください。",
    ),
    "session_absent": (
        "There is no session with the meter at the moment.",
        "現在メーターとのセッションがありません。",
    ),
    "meter_silent": (
        "The meter did not answer {tries} requests in a row.",
        "メーターが {tries} 回続けて応答しませんでした。",
    ),
    "meter_nonsense": (
        "The meter answered EPC {epc} with {count} bytes that are no such value; it is left out.",
        "メーターの EPC {epc} の応答（{count} バイト）が正しくないため、この値は使いません。",
    ),
    "meter_without_map": (
        "The meter does not say which properties it has; asking again.",
        "メーターが対応項目の一覧を返しません。問い合わせ直します。",
    ),
    "energy_unit_unknown": (
        "The meter has not told the unit of its counters yet; energy waits for it.",
        "メーターから積算電力量の単位がまだ得られないため、電力量の取得を待っています。",
    ),
    "meter_exchanged": (
        "The meter has another serial number than before: it was exchanged.",
        "メーターの製造番号が以前と異なります。メーターが交換されました。",
    ),
    "property_refused": (
        "The meter refuses the property {epc}.",
        "メーターが項目 {epc} を拒否しました。",
    ),
    "recovered": (
        "Readings are back after {attempts} attempt(s).",
        "{attempts} 回の試行で取得が再開しました。",
    ),
}
