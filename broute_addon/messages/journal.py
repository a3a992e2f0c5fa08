"""What the page's list of events says, and what its buttons answer. Key: (English, Japanese)."""

SENTENCES = {
    "journal_unwritable": (
        "{path} can't be written ({reason}): events are lost at the next start.",
        "{path} に書き込めません（{reason}）。できごとの記録は次回の起動時に失われます。",
    ),
    "ring_unwritable": (
        "{path} can't be written ({reason}): the charts begin anew at the next start.",
        "{path} に書き込めません（{reason}）。グラフは次回の起動時に最初からになります。",
    ),
    "journal_stick": (
        "Stick found: {dialect}, firmware {firmware}, at {port}.",
        "スティックを検出しました（{dialect}、ファームウェア {firmware}、{port}）。",
    ),
    "journal_pan": (
        "The meter is on channel {channel}.",
        "メーターはチャンネル {channel} です。",
    ),
    "journal_reading": ("The meter is being read.", "メーターの読み取りを開始しました。"),
    "journal_back": (
        "Readings are back after {minutes} min.",
        "{minutes} 分ぶりに読み取りが再開しました。",
    ),
    "journal_back_soon": (
        "Readings are back after {seconds} s.",
        "{seconds} 秒ぶりに読み取りが再開しました。",
    ),
    "journal_broker": (
        "Home Assistant gets the readings (MQTT connected).",
        "Home Assistant への送信を開始しました（MQTT 接続）。",
    ),
    "journal_history_begun": (
        "Reading the meter's memory.",
        "メーターの履歴の読み取りを始めました。",
    ),
    "journal_history_done": (
        "The reading of the meter's memory has ended; what is known stands under History.",
        "メーターの履歴の読み取りが終わりました。取得状況は「履歴」で確認できます。",
    ),
    "journal_import_back": (
        "The history is written to Home Assistant again.",
        "Home Assistant への履歴の記録が再開しました。",
    ),
    "journal_asked_read_now": ("Asked on the page: read now.", "ページの操作：今すぐ取得"),
    "journal_asked_reconnect": ("Asked on the page: reconnect.", "ページの操作：再接続"),
    "journal_asked_rescan": (
        "Asked on the page: search for the meter again.",
        "ページの操作：メーターの再探索",
    ),
    "journal_asked_read_history": (
        "Asked on the page: read the history again.",
        "ページの操作：履歴の再取得",
    ),
    "journal_asked_survey": (
        "Looking for the best place for the stick; readings pause.",
        "スティックの設置場所を測定中のため、読み取りを休止します。",
    ),
    "journal_options_saved": (
        "New options were saved on the page.",
        "ページで設定が保存されました。",
    ),
    "port_unknown": (
        "There is no port {port} here; look again.",
        "ポート {port} はありません。再読み込みしてください。",
    ),
    "port_has_stick": (
        "A stick answers at {port}: {dialect}, firmware {firmware}. It is used from now on.",
        "{port} でスティックが応答しました（{dialect}、ファームウェア {firmware}）。"
        "以後これを使用します。",
    ),
    "port_has_stick_now": (
        "A stick answers at {port}: {dialect}, firmware {firmware}. It is used until the next "
        "start; to keep it, choose the port in the option device.",
        "{port} でスティックが応答しました（{dialect}、ファームウェア {firmware}）。次回の起動"
        "まで使用します。続けて使うには設定項目 device でこのポートを選んでください。",
    ),
    "options_saved": (
        "Saved; the app starts again.",
        "保存しました。アプリを再起動します。",
    ),
    "options_not_restarted": (
        "The options are saved, but the app could not be restarted: restart it in Settings › Apps.",
        "設定は保存しましたが、アプリを再起動できませんでした。「設定」›「アプリ」で再起動して"
        "ください。",
    ),
    "options_by_hand": (
        "The options are in the file {path}: change it there.",
        "設定はファイル {path} にあります。そこで変更してください。",
    ),
    "port_other_radio": (
        "Its name belongs to another kind of radio",
        "ほかの無線機器の名前です",
    ),
    "port_name_unknown": (
        "Its name says nothing of a Wi-SUN stick",
        "Wi-SUN スティックかどうか名前では分かりません",
    ),
}
