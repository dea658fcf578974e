"""A simulated WhatsApp: Evolution API 2.3.7 to the letter of tests/contract/evolution.md, and a phone to hold.

One ASGI application with its own SQLite file; it knows nothing of the rest of `backend` but `lib`. Mounted at
/sandbox/ by the server of development, or a process of its own (`python -m backend.sandbox --port 8900 --database
var/sandbox.sqlite3`). It asks nobody for a password: loopback only.

In a program: `app.create_app(database, time_scale=…)`, `await app.close(app)`; `cast.seed(database, instance_name=…,
api_key=…, webhook_url=…, owner=…)` wires an instance and its customers on the file alone, before or beside a running
sandbox. Below the mount:

    /message/… /chat/… /instance/… /webhook/… /settings/…   Evolution's REST; `apikey`: the instance's, or GLOBAL_KEY
    /v/{path}.enc     WhatsApp's media host: the payload's directPath, appended to the sandbox's own address
    /pps/{name}       profile pictures
    /phone/           the phone, for a browser

The control API, JSON in and out, errors as `{code, detail}`. `I` is /control/instances/{name}, `C` a customer's id,
JID or digits, `M` a WhatsApp message id. The bodies are in `control_bodies`, `drafts` and `faults`.

    GET    /control/state            the instances, samples, clock
    PUT    /control/clock            {time_scale?, webhook_timeout_seconds?}: waits are multiplied, the timeout is not
    GET    /control/idle?seconds=30  waits until no receipt and no delivery is on its way: {is_idle}
    POST   /control/reset            forgets everything, drops what is on its way
    GET    /control/media/{id}       a message's plain file (its `media.url` in the ledger)
    POST   /control/instances        {name, api_key, webhook_url, owner?, profile_name?, by_events?, base64?, headers?,
                                     events?, with_cast?}: makes or rewires, paired and open
    DELETE I                         forgets one instance
    GET    I/customers               POST adds or replaces: {name, id?, phone?, lid?, addressing?, device?,
                                     participants?, picture?, auto_read?, is_online?}
    PATCH  I/customers/C             {name?, auto_read?, is_online?, picture?}
    POST   I/customers/C/messages    a Draft: {kind, text, sample | base64 | multipart file, quoted, participant, …};
                                     kind album gives a list of messages, all else one
    POST   I/customers/C/read        {played?}: the customer opens the chat; ticks turn blue
    POST   I/customers/C/presence    {presence, participant?}
    POST   I/messages/M/edit         {text}
    POST   I/messages/M/delete       for everyone
    POST   I/messages/M/react        {emoji, participant?}; an empty emoji takes it away
    POST   I/messages/M/receipt      {status}: any tick at any time
    POST   I/connection              {state: open | connecting | logged_out, owner?}
    POST   I/events                  {event, data, extra?}: posts anything as it is
    GET    I/faults                  PUT sets all of them: {seed?, webhooks?, media?, gateway?}; {} turns all off
    GET    I/ledger                  ?customer=&after=: every message, oldest first, with status, reactions and file
    GET    I/deliveries              ?event=&message=&after=&limit=&bodies=1: every webhook post with its attempts
    GET    I/view                    ?revision=: what the phone page polls
"""
