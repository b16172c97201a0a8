#!/usr/bin/env python3
"""Compares built-in types, functions, operators and casts with PostgreSQL, call by call, without a session.

    compare_functions.py PROBE 'host=127.0.0.1 port=5432 user=postgres dbname=postgres' [-v]

PROBE is the function_probe program. The cases are made here: every kind of call over a list of sample values. A
difference that is wanted stands in functions_differences.txt with its reason. Exits 1 on any other.
"""
import argparse
import pathlib
import subprocess
import sys

SAMPLES = {
    'int2': ['0', '1', '-1', '32767', '-32768', '7', '40000', 'x', '', ' 12 ', '1.5'],
    'int4': ['0', '1', '-1', '2147483647', '-2147483648', '42', '2147483648', '0x10', '+5', '- 5'],
    'int8': ['0', '-1', '9223372036854775807', '-9223372036854775808', '1000000007', '9223372036854775808'],
    'float4': ['0', '-0', '1', '1.1', '3.4e38', '1e-45', 'NaN', 'Infinity', '-inf', '1e39', '16777217', '0.1', '123456.7', '1e6', '1e-5'],
    'float8': ['0', '-0', '1', '-1.5', '0.1', '1e308', '1e-320', 'NaN', 'Infinity', '-Infinity', '1e309', '123456789012345678',
               '1e15', '1e16', '100000', '0.0001', '0.00001', '2.5', '3.5', '-2.5', '1e400', 'abc', '1e'],
    'numeric': ['0', '0.00', '1', '-1', '1.5', '-1.50', '12345678901234567890.123456789', '0.1', '1e10', '1e-10', 'NaN', 'Infinity',
                '-Infinity', '99999.99999', '2.5', '-2.5', '0.5', '1000000', '0.000001', '3.14159265358979', '7', '-7.7', 'abc', '1e131073'],
    'text': ['', 'a', 'abc', 'ABC', 'Hello World', 'äöü', '日本語', ' x ', "it's", 'a,b,c', 'a_b%c', '12', 'foobarbaz', '\\x41'],
    'bool': ['t', 'f', 'true', 'no', 'on', '1', 'yes', 'maybe', ' TRUE ', 'of', 'o'],
    'bytea': ['', '\\x00ff', 'abc', '\\x4142', '\\\\x', 'a\\000b', '\\xabc', '\\xzz'],
    'date': ['2024-02-29', '2000-01-01', '1999-12-31', '0001-01-01', '4713-01-01 BC', 'infinity', '-infinity', '2024-02-30', 'Jan 5, 2021',
             '5/6/2021', '20210506', '2021-W10', '10000-01-01', 'epoch', '2021.123', 'J2451187', '99-01-02', 'foo', '2023-13-01',
             '1/2/3', 'January 8 99 BC', '8-Jan-1999', '2021 Feb 3'],
    'time': ['00:00:00', '23:59:59.999999', '12:34', '12:34:56.7', '24:00:00', '04:05 PM', '040506', '25:00', '12:60', '04:05:06.789-8', 'noon', '23:59:60'],
    'timestamp': ['2024-02-29 12:34:56.789', '2000-01-01 00:00:00', '1999-12-31 23:59:59.999999', '0044-03-15 BC', 'infinity', '-infinity',
                  '2021-05-06T07:08:09Z', 'Thu May 6 07:08:09 2021', '294276-12-31 23:59:59', '294277-01-01', '2024-02-29 24:00:00',
                  '2021-05-06 07:08:09+02', 'epoch', '1/2/2003 4:05 PM', '20210506T070809', '2021-05-06 7:8:9.1234567', 'garbage',
                  '2021-126', '2021-05-06 07:08 BC', 'yesterdayx'],
    'timestamptz': ['2024-02-29 12:34:56.789+00', '2024-07-01 12:00:00 Europe/Berlin', '2024-01-01 12:00 EST', '2021-05-06 07:08:09-03:30',
                    'infinity', '1900-01-01 00:00:00', '2024-03-31 02:30:00', '2024-10-27 02:30:00', '2021-05-06T07:08:09Z',
                    '2021-05-06 07:08:09 +5', '2021-05-06 07:08:09 Nowhere/Town', '0100-01-01 00:00 BC', '2021-05-06 07:08:09 PDT'],
    'interval': ['1 day', '-1 day', '1 year 2 mons 3 days 04:05:06.789', 'P1Y2M3DT4H5M6S', '1.5 days', '2 weeks', '00:00:00', '1 mon ago',
                 '3 days -04:00', '100 hours', '1 century', '1-2', '1 2:03:04', 'PT0.5S', '1.5 months', '-1-2 +3 -4:05:06', '5', 'x days',
                 '178000000 years', '1 year -1 mon', '@ 1 minute', '-00:00:01', '1 day 1 day'],
    'uuid': ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}', 'a0eebc999c0b4ef8bb6d6bb9bd380a11', 'xyz'],
    'int4[]': ['{}', '{1,2,3}', '{{1,2},{3,4}}', '{NULL,1}', '[0:1]={5,6}', '{1,{2}}', '{1', '{a}', '{{1,2},{3}}'],
    'text[]': ['{}', '{a,b}', '{"a b","c,d",NULL,"NULL",""}', '{a"b}', '{"a\\"b"}', ' { a , b } ', '{a}}'],
    'pg_lsn': ['0/0', '16/B374D848', 'FFFFFFFF/FFFFFFFF', '1/', 'x'],
    'name': ['abc', 'x' * 70], 'char': ['a', '', 'ab', '\\101'], 'oid': ['0', '1', '4294967295', '-1', '4294967296'],
    'bpchar': ['abc', 'abc  ', ''], 'varchar': ['abc', 'abc  ', ''],
    'int2vector': ['1 2 3', ''], 'xid': ['5', '4294967295'],
    'regtype': ['int4', 'integer', '23', 'text[]', 'character varying', 'nosuch'],
    'json': ['{"a": 1}', '[1,2', 'null', '"x"', ''],
    'jsonb': ['{"a": 1}', '{"b":[1,2,{"c":null}],"a":"x","b":2}', '[1,"a",null,true]', '[]', '{}', 'null', '"x"', '1.50', '-1e5', 'true', '[1,2', '{"a"}', ''],
    'jsonpath': ['$', '$.a', '$[*] ? (@ > 1)', 'strict $.b[*].c', '$.**', '$.a + 1', '$.size()', '$.', '1 2'],
    'inet': ['1.2.3.4', '10.0.0.1/8', '10.0.0.0/16', '::1', 'fe80::1/64', '0.0.0.0/0', '255.255.255.255', '1.2.3', 'x'],
    'cidr': ['10.0.0.0/8', '10', '192.168.1', '::/0', ''],
    'varbit': ['', '0', '1', '1100', '101010101', 'x1f'],
}
FORMATS_TIME = [
    'YYYY-MM-DD HH24:MI:SS', 'Day, DD Mon YYYY', 'FMDay FMMonth FMDDth', 'HH12:MI:SS.MS AM', 'YY Q WW IW ID D DDD J',
    'CC BC A.D.', 'month MONTH Month mon DY', 'RM rm', 'IYYY-IW-ID IDDD', 'SSSS US FF3', 'Y,YYY YYY Y',
    '"quoted text" YYYY', 'DDTH DDth', 'a.m. P.M.', 'W', 'TZ OF TZH:TZM', 'FMHH24:FMMI', 'YYYYTH', '\\"YYYY\\"',
    'I IY IYY', 'TMMonth', 'HH24HH', 'xyzDDabc',
]
FORMATS_NUMBER = [
    '999', '9,999.99', '0999.90', 'FM999.99', 'FM990.09', 'S999', '999S', '999MI', 'PL999', 'SG999', '999PR',
    '9.99EEEE', 'RN', 'FMRN', 'L999', '999V99', '99TH', 'FM999th', '9G999D99', 'FM0000', 'B999', '.99', '9.',
    '"n="999', 'FM9.9', '99.99', 'FM99.', '0.9', '999D9S', 'S.99', '00.00PR', '9 9 9',
]
READS_TIME = [
    ('2021-05-06', 'YYYY-MM-DD'), ('06 May 2021', 'DD Mon YYYY'), ('20210506070809', 'YYYYMMDDHH24MISS'),
    ('5/6/21', 'MM/DD/YY'), ('2021-126', 'YYYY-DDD'), ('11:30 PM', 'HH12:MI AM'), ('2021 18 4', 'IYYY IW ID'),
    ('12.345', 'SS.MS'), ('2021-13-01', 'YYYY-MM-DD'), ('abc', 'YYYY'), ('2021', 'YYYYMM'), ('May', 'MM'),
    ('  2021 -  5', 'YYYY-MM'), ('44 BC', 'YYYY BC'), ('2459341', 'J'), ('99', 'YY'), ('069', 'YYY'),
    ('13:00 AM', 'HH12:MI AM'), ('2021-05-06 07:08:09.123456', 'YYYY-MM-DD HH24:MI:SS.US'),
    ('2021-05-06 +03:30', 'YYYY-MM-DD TZH:TZM'), ('21st', 'CC'), ('2021-02-30', 'YYYY-MM-DD'),
    ('2021-06', 'FXYYYY-MM'), ('2021/06', 'YYYY-MM'), ('', 'YYYY'), ('2021-05-06', ''),
]
READS_NUMBER = [
    ('12,454.8-', '99G999D9S'), ('1234', '9999'), ('-1234.56', '9999.99'), ('<12>', '99PR'), ('$12', 'L99'),
    ('0012', '0000'), ('12x', '99'), ('', '99'), ('1 234', '9 999'),
]
PREFIX_TEXT = [
    'length', 'char_length', 'octet_length', 'bit_length', 'upper', 'lower', 'initcap', 'reverse', 'ascii', 'md5',
    'btrim', 'ltrim', 'rtrim', 'quote_ident', 'quote_literal', 'to_hex', 'sha256', 'hashtext',
]


class Cases:
    """Requests for the probe, each beside the SQL expression that PostgreSQL evaluates."""

    def __init__(self):
        self.items = []  # (request fields, SQL or None for settings)

    @staticmethod
    def quote(text):
        return "E'" + text.replace('\\', '\\\\').replace("'", "''").replace('\n', '\\n') + "'"

    @classmethod
    def literal(cls, kind, value):
        shown = '"char"' if kind == 'char' else kind
        return ('NULL' if value == '\\N' else cls.quote(value)) + '::' + shown

    def set(self, name, value):
        self.items.append((['set', name, value], None))

    def call(self, name, *arguments):
        flat = [x for pair in arguments for x in pair]
        sql = 'pg_catalog."%s"(%s)' % (name, ', '.join(self.literal(*a) for a in arguments))
        self.items.append((['call', name] + flat, sql))

    def op(self, name, *arguments):
        flat = [x for pair in arguments for x in pair]
        shown = [self.literal(*a) for a in arguments]
        self.items.append((['op', name] + flat, '(%s) %s (%s)' % (shown[0], name, shown[1]) if len(shown) == 2 else '%s (%s)' % (name, shown[0])))

    def cast(self, kind, value, to, modifier=None, shown=None):
        sql = '(%s)::%s' % (self.literal(kind, value), shown or ('"char"' if to == 'char' else to))
        self.items.append((['cast', kind, value, to] + ([str(modifier)] if modifier else []), sql))

    def binary(self, kind, value, send):
        text = self.literal(kind, value)
        self.items.append((['binary', kind, value], "encode(%s(%s), 'hex') || ' ' || concat(%s)" % (send, text, text)))

    def aggregate(self, name, kind, values):
        rows = ', '.join('(%s)' % self.literal(kind, v) for v in values)
        self.items.append((['aggregate', name, kind] + values, '(select pg_catalog."%s"(x) from (values %s) v(x))' % (name, rows)))


def good(kind, count=99):
    """Samples that are valid, for use as arguments."""
    bad = {'x', '', '1.5', '40000', '2147483648', '0x10', '- 5', '9223372036854775808', '1e39', '1e309', '1e400', 'abc', '1e', 'maybe', 'of', 'o', '1e131073',
           '\\xabc', '\\xzz', '2024-02-30', '2021-W10', 'foo', '2023-13-01', '25:00', '12:60', '294277-01-01', 'garbage', 'yesterdayx', '{1,{2}}', '{1', '{a}', '{{1,2},{3}}',
           '{a"b}', '{a}}', '2021-05-06 07:08:09 Nowhere/Town', 'x days', '178000000 years', '1/', 'xyz', '4294967296', '-1', '1 day 1 day', 'noon',
           '[1,2', '{"a"}', '$.', '1 2', '1.2.3'}
    if kind in ('text', 'name', 'varchar', 'bpchar', 'char', 'bytea'):
        bad = {'\\xabc', '\\xzz'}
    if kind in ('int2', 'int4', 'int8', 'float8', 'numeric', 'float4'):
        bad = bad - {'-1'}
        if kind in ('float8', 'numeric', 'float4'):
            bad = bad - {'1.5'}
    return [v for v in SAMPLES[kind] if v not in bad][:count]


def text_cases(c):
    for kind, values in SAMPLES.items():
        for v in values:
            c.cast(kind, v, kind)
    for style in ('ISO, MDY', 'SQL, DMY', 'German', 'Postgres, MDY', 'ISO, YMD'):
        c.set('DateStyle', style)
        for kind in ('date', 'timestamp', 'timestamptz'):
            for v in SAMPLES[kind]:
                c.cast(kind, v, kind)
    c.set('DateStyle', 'ISO, MDY')
    for style in ('postgres_verbose', 'sql_standard', 'iso_8601', 'postgres'):
        c.set('IntervalStyle', style)
        for v in SAMPLES['interval']:
            c.cast('interval', v, 'interval')
    for zone in ('America/New_York', 'Europe/Berlin', 'Asia/Kolkata', 'UTC'):
        c.set('TimeZone', zone)
        for v in SAMPLES['timestamptz'] + SAMPLES['timestamp'][:4]:
            c.cast('timestamptz', v, 'timestamptz')
    c.set('extra_float_digits', '0')
    for kind in ('float4', 'float8'):
        for v in SAMPLES[kind]:
            c.cast(kind, v, kind)
    c.set('extra_float_digits', '1')


def cast_cases(c):
    numbers = ('int2', 'int4', 'int8', 'float4', 'float8', 'numeric')
    for a in numbers:
        for b in numbers + ('text', 'bool', 'varchar', 'oid'):
            for v in good(a):
                c.cast(a, v, b)
    for v in good('text'):
        for b in numbers + ('bool', 'date', 'name', 'char', 'bytea', 'uuid', 'int4[]'):
            c.cast('text', v, b)
    for p, s in ((5, 2), (3, 0), (10, 4), (2, 2)):
        for v in good('numeric'):
            c.cast('numeric', v, 'numeric', ((p << 16) | s) + 4, 'numeric(%d,%d)' % (p, s))
    for v in good('text'):
        c.cast('text', v, 'varchar', 7, 'varchar(3)')
        c.cast('text', v, 'bpchar', 9, 'char(5)')
    times = ('date', 'time', 'timestamp', 'timestamptz', 'interval')
    for a in times:
        for b in times + ('text', 'int4'):
            for v in good(a):
                c.cast(a, v, b)
    for v in good('bool'):
        c.cast('bool', v, 'int4')
        c.cast('bool', v, 'text')
    for v in good('int4[]'):
        c.cast('int4[]', v, 'text[]')
        c.cast('int4[]', v, 'int8[]')


def binary_cases(c):
    sends = {'int2': 'int2send', 'int4': 'int4send', 'int8': 'int8send', 'float4': 'float4send', 'float8': 'float8send', 'numeric': 'numeric_send', 'text': 'textsend',
             'bool': 'boolsend', 'bytea': 'byteasend', 'date': 'date_send', 'time': 'time_send', 'timestamp': 'timestamp_send', 'timestamptz': 'timestamptz_send',
             'interval': 'interval_send', 'uuid': 'uuid_send', 'int4[]': 'array_send', 'text[]': 'array_send', 'pg_lsn': 'pg_lsn_send', 'name': 'namesend', 'char': 'charsend',
             'oid': 'oidsend', 
             'jsonb': 'jsonb_send', 'jsonpath': 'jsonpath_send', 'inet': 'inet_send', 'cidr': 'cidr_send', 'varbit': 'varbit_send',
             'int2vector': 'int2vectorsend', 'regtype': 'regtypesend'}
    for kind, send in sends.items():
        for v in good(kind):
            c.binary(kind, v, send)


def json_cases(c):
    for x in good('jsonb'):
        for y in good('jsonb'):
            for op in ('=', '<', '>=', '@>', '<@', '||'):
                c.op(op, ('jsonb', x), ('jsonb', y))
        for key in ('a', 'b', 'x', '1', ''):
            for op in ('->', '->>', '?', '-'):
                c.op(op, ('jsonb', x), ('text', key))
        for index in ('0', '1', '-1', '7'):
            for op in ('->', '->>', '-'):
                c.op(op, ('jsonb', x), ('int4', index))
        for path in ('{}', '{a}', '{b}', '{b,2,c}', '{0}', '{-1}', '{a,b}', '{1,x}'):
            for op in ('#>', '#>>', '#-'):
                c.op(op, ('jsonb', x), ('text[]', path))
            for call in ('jsonb_set', 'jsonb_insert'):
                c.call(call, ('jsonb', x), ('text[]', path), ('jsonb', '[9]'))
                c.call(call, ('jsonb', x), ('text[]', path), ('jsonb', '[9]'), ('bool', 'f'))
        for call in ('jsonb_typeof', 'jsonb_pretty', 'jsonb_strip_nulls', 'jsonb_array_length'):
            c.call(call, ('jsonb', x))
        for path in good('jsonpath'):
            c.op('@?', ('jsonb', x), ('jsonpath', path))
            c.op('@@', ('jsonb', x), ('jsonpath', path))
            c.call('jsonb_path_query_array', ('jsonb', x), ('jsonpath', path))
        for kind in ('bool', 'int4', 'numeric', 'float8', 'text', 'json'):
            c.cast('jsonb', x, kind)


def network_cases(c):
    for x in good('inet'):
        for y in good('inet'):
            for op in ('=', '<', '<<', '<<=', '>>', '>>=', '&&', '&', '|', '-'):
                c.op(op, ('inet', x), ('inet', y))
            c.call('inet_merge', ('inet', x), ('inet', y))
        for n in ('0', '1', '-1', '9223372036854775807'):
            c.op('+', ('inet', x), ('int8', n))
        for n in ('-1', '0', '8', '32', '64', '129'):
            c.call('set_masklen', ('inet', x), ('int4', n))
        for call in ('host', 'text', 'abbrev', 'family', 'masklen', 'broadcast', 'network', 'netmask', 'hostmask'):
            c.call(call, ('inet', x))
        c.cast('inet', x, 'cidr')
        c.cast('inet', x, 'text')


def bit_cases(c):
    for x in good('varbit'):
        for y in good('varbit'):
            for op in ('=', '<', '&', '|', '#', '||'):
                c.op(op, ('varbit', x), ('varbit', y))
            c.call('position', ('varbit', x), ('varbit', y))
        for n in ('0', '1', '-1', '3', '20'):
            for op in ('<<', '>>'):
                c.op(op, ('varbit', x), ('int4', n))
            c.call('substring', ('varbit', x), ('int4', n))
            c.call('substring', ('varbit', x), ('int4', n), ('int4', '2'))
            c.call('get_bit', ('varbit', x), ('int4', n))
        for call in ('length', 'octet_length', 'bit_count'):
            c.call(call, ('varbit', x))
        c.cast('varbit', x, 'varbit', 2, 'varbit(2)')


def operator_cases(c):
    json_cases(c)
    network_cases(c)
    bit_cases(c)
    numbers = ('int2', 'int4', 'int8', 'float4', 'float8', 'numeric')
    for a in numbers:
        for b in numbers:
            for op in ('+', '-', '*', '/', '%', '<', '=', '>='):
                for x in good(a, 6):
                    for y in good(b, 6):
                        c.op(op, (a, x), (b, y))
    for x in good('numeric'):
        for y in good('numeric'):
            for op in ('+', '-', '*', '/', '%', '^', '<'):
                c.op(op, ('numeric', x), ('numeric', y))
    for x in good('float8'):
        for y in good('float8'):
            for op in ('+', '/', '^', '<', '='):
                c.op(op, ('float8', x), ('float8', y))
    for kind in ('int4', 'int8'):
        for x in good(kind):
            for y in ('0', '1', '5', '31', '33', '-1'):
                for op in ('&', '|', '#'):
                    c.op(op, (kind, x), (kind, y))
                for op in ('<<', '>>'):
                    c.op(op, (kind, x), ('int4', y))
    for op, kinds in (('-', numbers), ('+', numbers), ('@', numbers), ('~', ('int2', 'int4', 'int8')), ('|/', ('float8',)), ('||/', ('float8',))):
        for kind in kinds:
            for x in good(kind):
                c.op(op, (kind, x))
    for kind in ('text', 'bytea', 'date', 'time', 'timestamp', 'timestamptz', 'interval', 'uuid', 'int4[]', 'text[]', 'pg_lsn', 'bpchar', 'name', 'bool', 'oid', 'char'):
        for x in good(kind, 8):
            for y in good(kind, 8):
                c.op('<', (kind, x), (kind, y))
                c.op('=', (kind, x), (kind, y))
    for x in good('text'):
        for y in good('text', 6):
            c.op('||', ('text', x), ('text', y))
        for pattern in ('%', 'a%', '_b_', '%o%', 'A%', '\\%', 'a\\_b%', '', '%äö%'):
            c.op('~~', ('text', x), ('text', pattern))
            c.op('!~~*', ('text', x), ('text', pattern))
        for pattern in ('a', '^a', 'b.*z$', '[A-Z]', '(o+)', '\\d', '', '\\mWor', 'x|b'):
            c.op('~', ('text', x), ('text', pattern))
            c.op('~*', ('text', x), ('text', pattern))
    days = good('date', 8)
    for d in days:
        for n in ('0', '1', '-365', '2147483647'):
            c.op('+', ('date', d), ('int4', n))
            c.op('-', ('date', d), ('int4', n))
        for e in days:
            c.op('-', ('date', d), ('date', e))
        for t in good('time', 4):
            c.op('+', ('date', d), ('time', t))
    for kind in ('date', 'time', 'timestamp', 'timestamptz'):
        for x in good(kind):
            for i in good('interval'):
                c.op('+', (kind, x), ('interval', i))
                c.op('-', (kind, x), ('interval', i))
    for kind in ('time', 'timestamp', 'timestamptz'):
        for x in good(kind):
            for y in good(kind):
                c.op('-', (kind, x), (kind, y))
    for x in good('interval'):
        for y in good('interval', 6):
            c.op('+', ('interval', x), ('interval', y))
            c.op('<', ('interval', x), ('interval', y))
        for n in ('2', '0.5', '-1', '1.1', '0', '1e300'):
            c.op('*', ('interval', x), ('float8', n))
            c.op('/', ('interval', x), ('float8', n))
    for x in good('int4[]'):
        for y in good('int4[]'):
            for op in ('||', '@>', '&&', '<'):
                c.op(op, ('int4[]', x), ('int4[]', y))
        c.op('||', ('int4[]', x), ('int4', '9'))
        c.op('||', ('int4', '9'), ('int4[]', x))
    for x in good('pg_lsn'):
        for y in good('pg_lsn'):
            c.op('-', ('pg_lsn', x), ('pg_lsn', y))


def number_function_cases(c):
    for kind in ('int2', 'int4', 'int8', 'float4', 'float8', 'numeric'):
        for x in good(kind):
            c.call('abs', (kind, x))
    for kind in ('float8', 'numeric'):
        for x in good(kind):
            for f in ('ceil', 'floor', 'round', 'trunc', 'sign', 'sqrt', 'exp', 'ln', 'log'):
                c.call(f, (kind, x))
        for x in good(kind, 12):
            for y in good(kind, 12):
                c.call('power', (kind, x), (kind, y))
    for x in good('float8'):
        for f in ('cbrt', 'sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'degrees', 'radians'):
            c.call(f, ('float8', x))
        c.call('atan2', ('float8', x), ('float8', '2'))
    for x in good('numeric'):
        for n in ('0', '2', '-2', '10'):
            c.call('round', ('numeric', x), ('int4', n))
            c.call('trunc', ('numeric', x), ('int4', n))
        c.call('log', ('numeric', '2'), ('numeric', x))
        for f in ('scale', 'min_scale', 'trim_scale'):
            c.call(f, ('numeric', x))
        for y in good('numeric', 8):
            c.call('div', ('numeric', x), ('numeric', y))
            c.call('mod', ('numeric', x), ('numeric', y))
        c.call('width_bucket', ('numeric', x), ('numeric', '0'), ('numeric', '10'), ('int4', '5'))
    for x, y in (('12', '18'), ('0', '5'), ('-12', '18'), ('2147483647', '-2147483648'), ('7', '0')):
        for f in ('gcd', 'lcm', 'mod'):
            c.call(f, ('int4', x), ('int4', y))
            c.call(f, ('int8', x), ('int8', y))
    for n in ('0', '5', '20', '30', '-1'):
        c.call('factorial', ('int8', n))
    for kind in ('int4', 'int8', 'numeric', 'float8', 'float4'):
        for x in good(kind, 14):
            for f in FORMATS_NUMBER:
                c.call('to_char', (kind, x), ('text', f))
    for text, f in READS_NUMBER:
        c.call('to_number', ('text', text), ('text', f))
    for n in ('0', '-1', '9', '1023', '10239', '10240', '20480', '10485759', '10485760', '-10485760', '1099511627776', '9223372036854775807', '-9223372036854775808'):
        c.call('pg_size_pretty', ('int8', n))
        c.call('pg_size_pretty', ('numeric', n))
    for t in ('10 MB', '1.5kB', '5', '1e3 bytes', 'x', '1 XB', '-2 GB'):
        c.call('pg_size_bytes', ('text', t))


def text_function_cases(c):
    for x in good('text'):
        for f in PREFIX_TEXT:
            if f == 'sha256':
                c.call(f, ('bytea', x.replace('\\', '')))
            elif f != 'to_hex':
                c.call(f, ('text', x))
        for n in ('-3', '-1', '0', '1', '2', '5', '100'):
            for f in ('left', 'right', 'repeat', 'substr'):
                if f != 'repeat' or n != '100':
                    c.call(f, ('text', x), ('int4', n))
            c.call('lpad', ('text', x), ('int4', n), ('text', 'xy'))
            c.call('rpad', ('text', x), ('int4', n), ('text', 'xy'))
            c.call('substr', ('text', x), ('int4', n), ('int4', '2'))
            c.call('split_part', ('text', x), ('text', ','), ('int4', n))
            c.call('overlay', ('text', x), ('text', 'ZZ'), ('int4', n), ('int4', '1'))
        c.call('replace', ('text', x), ('text', 'b'), ('text', 'XX'))
        c.call('translate', ('text', x), ('text', 'abcü'), ('text', 'xy'))
        c.call('strpos', ('text', x), ('text', 'b'))
        c.call('btrim', ('text', x), ('text', 'ac '))
        c.call('starts_with', ('text', x), ('text', 'a'))
        c.call('string_to_array', ('text', x), ('text', ','))
        c.call('string_to_array', ('text', x), ('text', '\\N'))
        for pattern, to, flags in (('b', 'X', ''), ('[aeo]', '<\\&>', 'g'), ('(a)(b)?', '\\2\\1', 'g'), ('O', '0', 'i'), ('', '-', 'g'), ('.', '', 'g')):
            c.call('regexp_replace', ('text', x), ('text', pattern), ('text', to), ('text', flags))
        for pattern in ('b', '(o)(b)?', '[a-z]+', 'zz'):
            c.call('regexp_match', ('text', x), ('text', pattern))
            c.call('regexp_split_to_array', ('text', x), ('text', pattern))
            c.call('regexp_count', ('text', x), ('text', pattern))
        for form in ('hex', 'base64', 'escape'):
            c.call('encode', ('bytea', x.replace('\\', '')), ('text', form))
    for n in ('65', '0', '228', '26085', '1114112', '-1'):
        c.call('chr', ('int4', n))
    for n in ('0', '255', '-1', '2147483647'):
        c.call('to_hex', ('int4', n))
    for f, args in (('%s %I %L', ['a b', 'c d', "e'f"]), ('%2$s-%1$s', ['x', 'y']), ('%-5s|%5s|', ['a', 'b']), ('%%', []), ('%s', []), ('%x', ['a'])):
        c.call('format', ('text', f), *[('text', a) for a in args])
    for x in ('41', '4', 'zz', ' 4 1 '):
        c.call('decode', ('text', x), ('text', 'hex'))
    for x in ('QUJD', 'QUI=', 'Q', '!!'):
        c.call('decode', ('text', x), ('text', 'base64'))


def time_function_cases(c):
    units = ('century', 'day', 'decade', 'dow', 'doy', 'epoch', 'hour', 'isodow', 'isoyear', 'julian', 'microseconds', 'millennium', 'milliseconds', 'minute', 'month', 'quarter',
             'second', 'timezone', 'timezone_hour', 'week', 'year', 'nonsense')
    for kind in ('date', 'time', 'timestamp', 'timestamptz', 'interval'):
        for x in good(kind):
            for u in units:
                c.call('extract', ('text', u), (kind, x))
                if kind in ('timestamp', 'interval'):
                    c.call('date_part', ('text', u), (kind, x))
                if kind in ('timestamp', 'timestamptz', 'interval'):
                    c.call('date_trunc', ('text', u), (kind, x))
            if kind in ('timestamp', 'timestamptz', 'interval'):
                for f in FORMATS_TIME:
                    c.call('to_char', (kind, x), ('text', f))
    for kind in ('timestamp', 'timestamptz'):
        for x in good(kind):
            for y in good(kind):
                c.call('age', (kind, x), (kind, y))
            for zone in ('Europe/Berlin', 'EST', '+02', 'Nowhere/Town'):
                c.call('timezone', ('text', zone), (kind, x))
    for x in good('interval'):
        for f in ('justify_days', 'justify_hours', 'justify_interval'):
            c.call(f, ('interval', x))
    for text, f in READS_TIME:
        c.call('to_date', ('text', text), ('text', f))
        c.call('to_timestamp', ('text', text), ('text', f))
    for x in good('float8'):
        c.call('to_timestamp', ('float8', x))
    for y, m, d in (('2024', '2', '29'), ('2023', '2', '29'), ('-44', '3', '15'), ('0', '1', '1')):
        c.call('make_date', ('int4', y), ('int4', m), ('int4', d))
    for h, m, s in (('23', '59', '59.5'), ('24', '0', '0'), ('25', '0', '0'), ('1', '60', '0')):
        c.call('make_time', ('int4', h), ('int4', m), ('float8', s))
        c.call('make_timestamp', ('int4', '2024'), ('int4', '2'), ('int4', '29'), ('int4', h), ('int4', m), ('float8', s))


def array_function_cases(c):
    for kind, item in (('int4[]', '2'), ('text[]', 'a')):
        element = kind[:-2]
        for x in good(kind):
            for f in ('array_ndims', 'array_dims', 'cardinality'):
                c.call(f, (kind, x))
            for f in ('array_length', 'array_lower', 'array_upper'):
                c.call(f, (kind, x), ('int4', '1'))
            c.call('array_to_string', (kind, x), ('text', ','), ('text', '*'))
            for f in ('array_append', 'array_remove', 'array_position', 'array_positions'):
                c.call(f, (kind, x), (element, item))
            c.call('array_replace', (kind, x), (element, item), (element, '7'))
            c.call('array_cat', (kind, x), (kind, x))
    for name in ('sum', 'avg', 'min', 'max', 'count', 'stddev', 'variance', 'stddev_pop', 'var_pop'):
        for kind in ('int2', 'int4', 'int8', 'numeric', 'float8', 'float4'):
            for values in (['1', '2', '3', '4'], ['1', '\\N', '5'], ['\\N'], ['-7']):
                c.aggregate(name, kind, values)
        if name in ('sum', 'avg'):
            c.aggregate(name, 'interval', ['1 day', '3 hours', '1 mon'])
    for name in ('bit_and', 'bit_or', 'bit_xor'):
        c.aggregate(name, 'int4', ['12', '10', '\\N'])
    for name in ('bool_and', 'bool_or', 'every'):
        c.aggregate(name, 'bool', ['t', 'f', '\\N'])
    for kind in ('text', 'int4', 'date'):
        c.aggregate('array_agg', kind, good(kind, 3) + ['\\N'])
        c.aggregate('min', kind, good(kind, 5))
        c.aggregate('max', kind, good(kind, 5))


def all_cases():
    c = Cases()
    for make in (text_cases, cast_cases, binary_cases, operator_cases, number_function_cases, text_function_cases, time_function_cases, array_function_cases):
        make(c)
    return c.items


PROLOGUE = r"""
set client_min_messages = error; set timezone = 'UTC'; set datestyle = 'ISO, MDY';
create function pg_temp.try(expression text) returns text language plpgsql as $$
declare answer text; sends boolean := expression ~ '^(set )';
begin
  if sends then execute expression; return 'ok'; end if;
  execute 'select case when (' || expression || ') is null and num_nulls(' || expression || ') > 0 then ''\N'' else concat(' || expression || ') end' into answer;
  return answer;
exception when others then return 'ERR ' || sqlstate || ' ' || sqlerrm;
end $$;
"""


def ask_postgres(connection, items):
    """One answer per case, in order."""
    script = [PROLOGUE]
    for fields, sql in items:
        expression = sql if sql is not None else "set %s to '%s'" % (fields[1], fields[2])
        script.append("select replace(pg_temp.try(%s), E'\\n', '\\n');" % Cases.quote(expression))
    run = subprocess.run(['psql', '-X', '-q', '-At', '-d', connection], input='\n'.join(script), capture_output=True, text=True, errors='surrogateescape', check=True)
    if run.stderr:
        sys.exit(run.stderr)
    return run.stdout.split('\n')[:len(items)]


def ask_probe(probe, items):
    def escape(field):
        return field.replace('\\', '\\\\').replace('\n', '\\n')
    lines = '\n'.join('\t'.join(escape(f) for f in fields) for fields, _ in items) + '\n'
    run = subprocess.run([probe], input=lines, capture_output=True, text=True, errors='surrogateescape')
    if run.returncode != 0:
        sys.exit('the probe ended with %d after %d answers: %s' % (run.returncode, run.stdout.count('\n'), run.stderr))
    return run.stdout.split('\n')[:len(items)]


def show(text):
    sys.stdout.buffer.write(text.encode(errors='surrogateescape') + b'\n')


def wanted_differences():
    """Beginnings of requests whose answer differs on purpose."""
    path = pathlib.Path(__file__).with_name('functions_differences.txt')
    return [line.split('  #')[0].rstrip() for line in path.read_text().splitlines() if line and not line.startswith('#')]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('probe')
    parser.add_argument('connection')
    parser.add_argument('-v', action='store_true', help='show every difference, also the wanted ones')
    options = parser.parse_args()
    items = all_cases()
    theirs = ask_postgres(options.connection, items)
    ours = ask_probe(options.probe, items)
    wanted = wanted_differences()
    different = known = 0
    for (fields, sql), a, b in zip(items, ours, theirs):
        if a == b:
            continue
        request = ' '.join(fields)
        if any(request.startswith(w) for w in wanted):
            known += 1
            if not options.v:
                continue
        else:
            different += 1
        show('%s\n    ours:       %s\n    PostgreSQL: %s' % (sql, a, b))
    sys.stdout.flush()
    print('%d cases, %d differ, %d differ on purpose' % (len(items), different, known))
    return 1 if different else 0


if __name__ == '__main__':
    sys.exit(main())
