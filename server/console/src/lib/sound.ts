/** What a recording is, by its first bytes; phones of different age record differently. */
export function soundOf(bytes: Uint8Array): string {
  const text = (from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, to))
  if (text(0, 4) === 'OggS') return 'audio/ogg'
  if (text(4, 8) === 'ftyp') return 'audio/mp4'
  if (text(0, 4) === 'RIFF' && text(8, 12) === 'WAVE') return 'audio/wav'
  if (text(0, 4) === '\x1aE\xdf\xa3') return 'audio/webm'
  if (text(0, 3) === 'ID3') return 'audio/mpeg'
  // AAC in ADTS and MP3 both begin with eleven ones; the layer tells them apart.
  if (bytes[0] === 0xff && ((bytes[1] ?? 0) & 0xf6) === 0xf0) return 'audio/aac'
  if (bytes[0] === 0xff && ((bytes[1] ?? 0) & 0xe0) === 0xe0) return 'audio/mpeg'
  return 'application/octet-stream'
}
