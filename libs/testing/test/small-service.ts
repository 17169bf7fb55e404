import { createServer } from 'node:http'

// A program with the manners of a service: readiness on the admin port, JSON log lines, an orderly end on SIGTERM.
const line = (msg: string) =>
  process.stdout.write(`${JSON.stringify({ msg, greeting: process.env['GREETING'] })}\n`)

if (process.env['FAIL'] !== undefined) {
  process.stderr.write(`cannot start: ${process.env['FAIL']}\n`)
  process.exit(78)
}
const server = createServer((request, response) => {
  response.writeHead(request.url === '/readyz' ? 200 : 404).end()
})
server.listen(Number(process.env['ADMIN_PORT']), '127.0.0.1', () => line('listening'))
process.on('SIGTERM', () => {
  line('stopping')
  process.exit(0)
})
