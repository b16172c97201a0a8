"""libpq's extended protocol through ctypes: parameters, named statements, binary results, pipelines. psycopg2 speaks the simple
protocol only."""
import ctypes

TUPLES_OK, COMMAND_OK, PIPELINE_SYNC, PIPELINE_ABORTED = 2, 1, 10, 11
_pq = ctypes.CDLL("libpq.so.5")
_text, _pointer, _number = ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int
_values = ctypes.POINTER(_text)
_SIGNATURES = {
    "PQconnectdb": (_pointer, [_text]), "PQfinish": (None, [_pointer]), "PQstatus": (_number, [_pointer]),
    "PQerrorMessage": (_text, [_pointer]), "PQclear": (None, [_pointer]), "PQresultStatus": (_number, [_pointer]),
    "PQresultErrorField": (_text, [_pointer, _number]), "PQresultErrorMessage": (_text, [_pointer]),
    "PQntuples": (_number, [_pointer]), "PQnfields": (_number, [_pointer]), "PQcmdStatus": (_text, [_pointer]),
    "PQgetisnull": (_number, [_pointer, _number, _number]), "PQgetlength": (_number, [_pointer, _number, _number]),
    "PQgetvalue": (_pointer, [_pointer, _number, _number]),
    "PQexecParams": (_pointer, [_pointer, _text, _number, _pointer, _values, _pointer, _pointer, _number]),
    "PQprepare": (_pointer, [_pointer, _text, _text, _number, _pointer]),
    "PQexecPrepared": (_pointer, [_pointer, _text, _number, _values, _pointer, _pointer, _number]),
    "PQenterPipelineMode": (_number, [_pointer]), "PQexitPipelineMode": (_number, [_pointer]),
    "PQsendQueryParams": (_number, [_pointer, _text, _number, _pointer, _values, _pointer, _pointer, _number]),
    "PQpipelineSync": (_number, [_pointer]), "PQgetResult": (_pointer, [_pointer]),
}
for _name, (_result, _arguments) in _SIGNATURES.items():
    getattr(_pq, _name).restype, getattr(_pq, _name).argtypes = _result, _arguments


class Answer:
    """What one statement gave: rows of bytes or None, the command tag, and the SQLSTATE and message of an error."""

    def __init__(self, result):
        self.status = _pq.PQresultStatus(result)
        self.tag = (_pq.PQcmdStatus(result) or b"").decode()
        self.code = (_pq.PQresultErrorField(result, ord("C")) or b"").decode()
        self.message = (_pq.PQresultErrorMessage(result) or b"").decode()
        self.rows = [tuple(self._value(result, row, column) for column in range(_pq.PQnfields(result)))
                     for row in range(_pq.PQntuples(result))]
        _pq.PQclear(result)

    @staticmethod
    def _value(result, row, column):
        if _pq.PQgetisnull(result, row, column):
            return None
        return ctypes.string_at(_pq.PQgetvalue(result, row, column), _pq.PQgetlength(result, row, column))

    def good(self):
        return self.status in (TUPLES_OK, COMMAND_OK)

    def __repr__(self):
        return f"{self.tag or self.message.strip()} {self.code} {self.rows[:3]}"


def _array(parameters):
    return (_text * len(parameters))(*[None if p is None else str(p).encode() for p in parameters])


class Connection:
    def __init__(self, port, user, password, database):
        conninfo = f"host=127.0.0.1 port={port} user={user} password={password} dbname={database} connect_timeout=10"
        self._connection = _pq.PQconnectdb(conninfo.encode())
        if _pq.PQstatus(self._connection) != 0:
            message = _pq.PQerrorMessage(self._connection).decode()
            self.close()
            raise ConnectionError(message)

    def close(self):
        _pq.PQfinish(self._connection)
        self._connection = None

    def alive(self):
        return _pq.PQstatus(self._connection) == 0

    def execute(self, text, *parameters, binary=False):
        return Answer(_pq.PQexecParams(self._connection, text.encode(), len(parameters), None, _array(parameters), None, None, binary))

    def prepare(self, name, text):
        return Answer(_pq.PQprepare(self._connection, name.encode(), text.encode(), 0, None))

    def execute_prepared(self, name, *parameters, binary=False):
        return Answer(_pq.PQexecPrepared(self._connection, name.encode(), len(parameters), _array(parameters), None, None, binary))

    def pipeline(self, *statements):
        """Sends (text, parameters...) tuples at once, one sync at the end; returns their answers."""
        _pq.PQenterPipelineMode(self._connection)
        for text, *parameters in statements:
            _pq.PQsendQueryParams(self._connection, text.encode(), len(parameters), None, _array(parameters), None, None, 0)
        _pq.PQpipelineSync(self._connection)
        out = []
        while True:
            result = _pq.PQgetResult(self._connection)
            if not result:
                if not self.alive():
                    raise ConnectionError(_pq.PQerrorMessage(self._connection).decode())
                continue  # the end of one statement's results
            answer = Answer(result)
            if answer.status == PIPELINE_SYNC:
                break
            out.append(answer)
        _pq.PQexitPipelineMode(self._connection)
        return out
